import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readOpenAiChatRequest } from './openai-chat-request.ts';

const message = fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: fc.string() });

test('a plain request means the same as one that says more', () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 6 }), fc.option(fc.string(), { nil: undefined }), fc.option(fc.boolean(), { nil: undefined }), (messages, model, stream) => {
      const body = { model, messages, stream };
      const { wire: _plainWire, ...plain } = readOpenAiChatRequest(JSON.stringify(body));
      // An unknown field takes the long way; an odd one in a message does so for all messages.
      const { wire: _fullWire, ...full } = readOpenAiChatRequest(JSON.stringify({ ...body, messages: messages.map((one) => ({ ...one, x: 1 })), y: 2 }));
      expect({ ...full, extra: {} }).toEqual(plain);
    }),
  );
});

test.each([
  [{ messages: 'no' }, 'messages'],
  [{ messages: [] }, 'messages'],
  [{ model: 3, messages: [{ role: 'user', content: 'x' }] }, 'model'],
  [{ stream: 'yes', messages: [{ role: 'user', content: 'x' }] }, 'stream'],
  [{ messages: [{ role: 7, content: 'x' }] }, 'messages[0].role'],
])('a plain request with a wrong type is refused by the field\'s name: %j', (body, param) => {
  expect(() => readOpenAiChatRequest(JSON.stringify(body))).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ param }) }));
});
