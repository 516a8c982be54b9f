import { expect, test } from 'vitest';
import { readWire } from '../../test/fixtures/read-wire.ts';
import { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import type { AnswerContext } from './dialect.ts';
import { dialect as chat } from './openai-chat.ts';
import { dialect } from './openai-completions.ts';

const ask = (body: object) => dialect.decodeRequest(JSON.stringify({ model: 'm', prompt: 'Once', ...body }));

function write(parts: readonly StreamPart[], stream: boolean, includeUsage = false): string {
  const context: AnswerContext = { requestId: 'req_1', request: ask({}), model: 'served', stream, relay: false, includeUsage, createdAt: 1_767_225_600_900, router: null };
  const encoder = dialect.encodeResponse(context);
  return [...parts.map((part) => encoder.push(part)), encoder.end()].map((bytes) => bytes ?? '').join('');
}

const read = (name: string, stream: boolean): readonly StreamPart[] => {
  const decoder = dialect.decodeResponse({ stream, relay: false });
  return [...decoder.push(readWire(name)), ...decoder.end()];
};

test('a prompt is raw, and one message for whoever wants to know what it is about', () => {
  expect(ask({ suffix: 'end', max_tokens: 5, logprobs: 0, stop: 'x', stream: true, stream_options: { include_usage: true } })).toMatchObject({
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Once' }] }],
    raw: { prompt: 'Once', suffix: 'end' },
    sampling: { maxTokens: 5, stop: ['x'] },
    logprobs: { top: 0 },
    stream: true,
    includeUsage: true,
  });
  expect(ask({ prompt: ['Only'] }).raw).toEqual({ prompt: 'Only' });
  expect(ask({ suffix: '' }).raw).toEqual({ prompt: 'Once' });
});

test.each([
  [{ prompt: ['a', 'b'] }, 'prompt'], [{ prompt: [1, 2, 3] }, 'prompt'], [{ prompt: [[1], [2]] }, 'prompt'], [{ n: 2 }, 'n'], [{ best_of: 3 }, 'best_of'],
  [{ echo: true }, 'echo'], [{ logit_bias: { 5: 1 } }, 'logit_bias'], [{ prompt: null, prompt_embeds: 'abc' }, 'prompt_embeds'], [{ response_format: { type: 'json_object' } }, 'response_format'],
])('%j is for a server of this API alone, and passes to one unchanged', (body, param) => {
  const request = ask(body);
  expect(dialect.encodeRequest(request, { model: 'm' }).body).toBe(request.wire);
  expect(() => chat.encodeRequest(request, { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature', details: expect.objectContaining({ param }) }));
});

test('what changes nothing is no obstacle beside a raw prompt', () => {
  const request = ask({ n: 1, best_of: 1, echo: false, logit_bias: {} });
  expect(() => chat.encodeRequest(request, { model: 'm' })).toThrow(expect.objectContaining({ details: expect.objectContaining({ param: 'prompt' }) }));
});

test.each([[{ prompt: null }, 'prompt'], [{ prompt: 5 }, 'prompt'], [{ prompt: [] }, 'prompt'], [{ suffix: 5 }, 'suffix'], [{ max_tokens: '5' }, 'max_tokens'], [{ logprobs: -1 }, 'logprobs'], [{ logprobs: true }, 'logprobs']])('a wrong request %j names %s', (body, param) => {
  expect(() => ask(body)).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ param }) }));
});

test('a conversation is refused: there is no template that would hold it', () => {
  const request = chat.decodeRequest(JSON.stringify({ messages: [{ role: 'user', content: 'x' }] }));
  expect(() => dialect.encodeRequest(request, { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature', details: expect.objectContaining({ param: 'messages' }) }));
});

test('recorded answers of Ollama', () => {
  const stream = read('ollama-completions-stream.sse', true);
  expect(stream.map((part) => (part.type === 'text-delta' ? part.text : part.type))).toEqual(['I', "'m", ' glad', ' you', "'re", ' enjoying', ' the', ' latest', 'finish']);
  expect(stream.at(-1)).toEqual({ type: 'finish', reason: 'length', usage: { promptTokens: 12, completionTokens: 8 } });
  expect(read('ollama-completions-whole.json', false)).toEqual([
    { type: 'text-delta', text: "I'm glad you're enjoying the latest" },
    { type: 'finish', reason: 'length', usage: { promptTokens: 12, completionTokens: 8 } },
  ]);
});

const logprobs = [{ token: 'a', logprob: -0.5, top_logprobs: [{ token: 'a', logprob: -0.5 }, { token: 'b', logprob: -2 }] }, { token: 'bc', logprob: -1 }];

test('log probabilities are four lists, with places that count on through a stream', () => {
  const body = JSON.parse(write([{ type: 'text-delta', text: 'abc', logprobs }, { type: 'finish', reason: 'stop', usage: {} }], false));
  expect(body.choices[0].logprobs).toEqual({ tokens: ['a', 'bc'], token_logprobs: [-0.5, -1], top_logprobs: [{ a: -0.5, b: -2 }, {}], text_offset: [0, 1] });
  const chunks = write([{ type: 'text-delta', text: 'xyz' }, { type: 'text-delta', text: 'abc', logprobs }, { type: 'finish', reason: 'stop', usage: {} }], true).split('\n\n');
  expect(JSON.parse(chunks[1]?.slice(6) ?? '').choices[0].logprobs.text_offset).toEqual([3, 4]);
});

test("llama-server's log probabilities, in the shape of the chat API, are read too", () => {
  const decoder = dialect.decodeResponse({ stream: false, relay: false });
  decoder.push(Buffer.from(JSON.stringify({ choices: [{ text: 'a', index: 0, finish_reason: 'stop', logprobs: { content: [{ token: 'a', logprob: -0.5 }] } }] })));
  expect(decoder.end()[0]).toEqual({ type: 'text-delta', text: 'a', logprobs: [{ token: 'a', logprob: -0.5 }] });
});

test('an answer is a text_completion, streamed and not', () => {
  const parts: StreamPart[] = [{ type: 'text-delta', text: 'Hi' }, { type: 'finish', reason: 'length', usage: { promptTokens: 3, completionTokens: 1 } }];
  const head = { id: 'cmpl-req_1', object: 'text_completion', created: 1_767_225_600, model: 'served' };
  const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };
  expect(JSON.parse(write(parts, false))).toEqual({ ...head, choices: [{ index: 0, text: 'Hi', logprobs: null, finish_reason: 'length' }], usage });
  const events = write(parts, true, true).trimEnd().split('\n\n').map((event) => event.slice('data: '.length));
  expect(events.slice(0, -1).map((event) => JSON.parse(event))).toEqual([
    { ...head, choices: [{ index: 0, text: 'Hi', logprobs: null, finish_reason: null }] },
    { ...head, choices: [{ index: 0, text: '', logprobs: null, finish_reason: 'length' }] },
    { ...head, choices: [], usage },
  ]);
  expect(events.at(-1)).toBe('[DONE]');
  expect(write(parts, true)).not.toContain('usage');
});

test('a broken stream is told in the words of the API, without its end', () => {
  const encoder = dialect.encodeResponse({ requestId: 'r', request: ask({}), model: 'm', stream: true, relay: false, includeUsage: true, createdAt: 0, router: null });
  const wire = `${String(encoder.push({ type: 'text-delta', text: 'a' }))}${encoder.error(new RouterError('stream_interrupted', 'It broke off.'))}`;
  expect(wire).toContain('"message":"It broke off."');
  expect(wire).not.toContain('[DONE]');
});
