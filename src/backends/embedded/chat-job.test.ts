import { describe, expect, test } from 'vitest';
import { type ChatJob, Refusal, readChatJob } from './chat-job.ts';

const user = [{ role: 'user', content: 'Hi' }];
const read = (fields: Record<string, unknown>): ChatJob => readChatJob(JSON.stringify({ messages: user, ...fields }));

function refusalOf(text: string): { readonly status: number; readonly error: Record<string, unknown> } {
  try {
    readChatJob(text);
  } catch (thrown) {
    if (thrown instanceof Refusal) return { status: thrown.status, error: thrown.body.error as Record<string, unknown> };
    throw thrown;
  }
  throw new Error('It was taken.');
}
const refused = (fields: Record<string, unknown>) => refusalOf(JSON.stringify({ messages: user, ...fields }));

test('a conversation keeps its turns and roles, and text parts are joined', () => {
  const messages = [{ role: 'developer', content: 'Be brief.' }, { role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] }, { role: 'assistant', content: 'c' }, { role: 'user', content: 'd' }];
  expect(read({ messages }).history).toEqual([{ type: 'system', text: 'Be brief.' }, { type: 'user', text: 'a\nb' }, { type: 'model', response: ['c'] }, { type: 'user', text: 'd' }]);
});

test('every sampling field arrives', () => {
  const job = read({ max_tokens: 7, temperature: 1.5, top_p: 0.5, top_k: 3, min_p: 0.1, seed: 42, stop: ['x', ''], repeat_penalty: 1.3, frequency_penalty: 0.4, presence_penalty: -0.4 });
  expect(job).toMatchObject({ maxTokens: 7, temperature: 1.5, topP: 0.5, topK: 3, minP: 0.1, seed: 42, stop: ['x'], repeatPenalty: 1.3, frequencyPenalty: 0.4, presencePenalty: -0.4 });
});

test('the newer name of the token limit wins, a single stop is a list, -1 means no limit', () => {
  expect(read({ max_tokens: 7, max_completion_tokens: 9 }).maxTokens).toBe(9);
  expect(read({ stop: 'END' }).stop).toEqual(['END']);
  expect(read({ max_tokens: -1 }).maxTokens).toBeUndefined();
});

test('usage in a stream is sent only when asked for', () => {
  expect(read({ stream: true }).includeUsage).toBe(false);
  expect(read({ stream: true, stream_options: { include_usage: true } })).toMatchObject({ stream: true, includeUsage: true });
});

test('formats', () => {
  expect(read({ response_format: { type: 'text' } }).format).toBeNull();
  expect(read({ response_format: { type: 'json_object' } }).format).toEqual({ type: 'json' });
  expect(read({ response_format: { type: 'json_schema', json_schema: { name: 'a', strict: true, schema: { type: 'object' } } } }).format).toEqual({ type: 'json-schema', schema: { type: 'object' }, strict: true });
});

describe('what it cannot do is refused, never left out in silence', () => {
  test.each([
    ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['n', { n: 2 }],
    ['logprobs', { logprobs: true }],
    ['logit_bias', { logit_bias: { 5: -100 } }],
    ['messages[0].content[0]', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:' } }] }] }],
    ['messages[0]', { messages: [{ role: 'tool', tool_call_id: 'a', content: '4' }] }],
  ])('%s', (param, fields) => {
    expect(refused(fields)).toMatchObject({ status: 400, error: { type: 'unsupported_feature', param } });
  });

  test('tools that may not be used, and none at all, are fine', () => {
    expect(read({ tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: 'none' }).history).toHaveLength(1);
    expect(read({ tools: [], n: 1, logprobs: false }).history).toHaveLength(1);
  });
});

describe('what is wrong is named', () => {
  test.each([
    ['messages', { messages: [] }],
    ['messages', { messages: 'Hi' }],
    ['messages[0]', { messages: ['Hi'] }],
    ['messages[0].role', { messages: [{ role: 'king', content: 'x' }] }],
    ['messages[0].content', { messages: [{ role: 'user', content: 5 }] }],
    ['temperature', { temperature: 'hot' }],
    ['temperature', { temperature: -1 }],
    ['top_p', { top_p: 2 }],
    ['max_tokens', { max_tokens: 0 }],
    ['stop', { stop: [1] }],
    ['response_format.type', { response_format: { type: 'xml' } }],
    ['response_format.json_schema.schema', { response_format: { type: 'json_schema', json_schema: {} } }],
  ])('%s in %j', (param, fields) => {
    const { status, error } = refused(fields);
    expect(status).toBe(400);
    expect(error).toMatchObject({ type: 'invalid_request_error', param });
  });

  test.each(['', '{', '[]', 'null'])('a body that is no object: %j', (text) => {
    expect(refusalOf(text)).toMatchObject({ status: 400, error: { param: 'body' } });
  });
});
