import { expect, test } from 'vitest';
import { readWire } from '../../test/fixtures/read-wire.ts';
import { dialect } from './ollama-generate.ts';
import { dialect as openAi } from './openai-chat.ts';

const ask = (body: object) => dialect.decodeRequest(JSON.stringify({ model: 'm', prompt: 'Why?', ...body }));

test('a prompt is a conversation of one message', () => {
  expect(ask({ system: 'Be brief.', images: ['iVBORw0KGgo='] })).toMatchObject({
    stream: true,
    tools: [],
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
      { role: 'user', content: [{ type: 'text', text: 'Why?' }, { type: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' }] },
    ],
  });
});

test('a recorded stream', () => {
  const decoder = dialect.decodeResponse({ stream: true, relay: false });
  const parts = [...decoder.push(readWire('ollama-generate.ndjson')), ...decoder.end()];
  expect(parts.map((part) => (part.type === 'text-delta' ? part.text : part.type))).toEqual(['Thank', ' you', ',', 'finish']);
  expect(parts.at(-1)).toMatchObject({ reason: 'length', usage: { promptTokens: 11, completionTokens: 3 } });
});

test('an empty prompt only loads or unloads, and needs an Ollama backend', () => {
  for (const body of ['{"model":"m"}', '{"model":"m","prompt":"","keep_alive":0,"system":"x"}']) {
    const request = dialect.decodeRequest(body);
    expect(request.messages).toEqual([]);
    expect(dialect.encodeRequest(request, { model: 'm' }).body).toBe(body);
    expect(() => openAi.encodeRequest(request, { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature' }));
  }
});

test.each([{ raw: true }, { suffix: 'end' }, { template: '{{ .Prompt }}' }, { context: [1, 2] }])('%j is kept for Ollama and refused elsewhere', (own) => {
  const request = ask(own);
  expect(request.extra).toEqual(own);
  expect(() => openAi.encodeRequest(request, { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature', details: expect.objectContaining({ param: Object.keys(own)[0] }) }));
});

test('fields that ask for nothing are no obstacle', () => {
  expect(JSON.parse(openAi.encodeRequest(ask({ raw: false, suffix: '', template: '', context: [] }), { model: 'm' }).body).messages).toEqual([{ role: 'user', content: 'Why?' }]);
});

test('only a single prompt with a system text can be said here', () => {
  const from = (body: object) => JSON.parse(dialect.encodeRequest(openAi.decodeRequest(JSON.stringify(body)), { model: 'm' }).body);
  const user = { role: 'user', content: 'x' };
  const system = { role: 'system', content: 's' };
  expect(from({ messages: [system, user] })).toEqual({ model: 'm', system: 's', prompt: 'x', stream: false });
  for (const messages of [[user, user], [system, system, user], [user, { role: 'assistant', content: 'y' }], [{ role: 'assistant', content: 'y' }], [system]]) {
    expect(() => from({ messages })).toThrow(expect.objectContaining({ code: 'unsupported_feature' }));
  }
  expect(() => from({ messages: [user], tools: [{ type: 'function', function: { name: 'f' } }] })).toThrow(expect.objectContaining({ code: 'unsupported_feature' }));
});

test.each([[{ prompt: 5 }, 'prompt'], [{ images: 'x' }, 'images'], [{ system: [] }, 'system']])('a wrong request %j names %s', (body, param) => {
  expect(() => ask(body)).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ param }) }));
});
