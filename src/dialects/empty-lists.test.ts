import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editJson } from '../util/json-edit.ts';
import { emptyListEdits } from './empty-lists.ts';

const mended = (request: Record<string, unknown>): unknown => JSON.parse(editJson(JSON.stringify(request), emptyListEdits(request)));

test('an empty object becomes a list where only a list makes sense, and nowhere else', () => {
  const parameters = {
    type: 'object',
    properties: { required: {}, stop: { enum: {}, default: {} }, deep: { type: 'array', items: { type: 'object', properties: {}, required: {} } } },
    required: {},
    anyOf: [{ required: {} }],
    $defs: { enum: { oneOf: {} } },
    additionalProperties: {},
  };
  const request = {
    messages: [{ role: 'user', content: {} }, { role: 'assistant', content: 'x', tool_calls: {} }],
    tools: [{ type: 'function', function: { name: 'f', parameters } }, { type: 'function', function: { name: 'g', parameters: {} } }],
    stop: {},
    response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object', properties: {}, required: {} } } },
    metadata: {},
    stream_options: {},
  };
  expect(mended(request)).toEqual({
    messages: [{ role: 'user', content: [] }, { role: 'assistant', content: 'x', tool_calls: [] }],
    tools: [
      {
        type: 'function',
        function: {
          name: 'f',
          parameters: {
            type: 'object',
            properties: { required: {}, stop: { enum: [], default: {} }, deep: { type: 'array', items: { type: 'object', properties: {}, required: [] } } },
            required: [],
            anyOf: [{ required: [] }],
            $defs: { enum: { oneOf: [] } },
            additionalProperties: {},
          },
        },
      },
      { type: 'function', function: { name: 'g', parameters: {} } },
    ],
    stop: [],
    response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object', properties: {}, required: [] } } },
    metadata: {},
    stream_options: {},
  });
  expect(mended({ messages: [], tools: {}, functions: {} })).toEqual({ messages: [], tools: [], functions: [] });
});

test('whatever the members are, the rest stays as it is; and mending twice changes nothing more', () => {
  const key = fc.constantFrom('messages', 'tools', 'function', 'parameters', 'properties', 'required', 'items', 'anyOf', 'stop', 'content', '__proto__', 'constructor', 'x');
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ depthSize: 'small' }, fc.constant({}), fc.constant([]), fc.integer(), fc.array(tie('any')), fc.dictionary(key, tie('any'))),
  })).any;
  fc.assert(
    fc.property(fc.dictionary(key, value), (given) => {
      const request = JSON.parse(JSON.stringify(given)) as Record<string, unknown>;
      const once = mended(request) as Record<string, unknown>;
      expect(mended(once)).toEqual(once);
      expect(JSON.stringify(once).replaceAll('[]', '{}')).toBe(JSON.stringify(request).replaceAll('[]', '{}'));
    }),
  );
});

test('a schema without end is left as it is', () => {
  let schema: Record<string, unknown> = { required: {} };
  for (let depth = 0; depth < 50_000; depth += 1) schema = { items: schema };
  expect(emptyListEdits({ tools: [{ function: { parameters: schema } }] })).toEqual([]);
});
