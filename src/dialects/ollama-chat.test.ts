import { expect, test } from 'vitest';
import { chat } from '../../test/fakes/brain.ts';
import { readWire } from '../../test/fixtures/read-wire.ts';
import { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import type { AnswerContext } from './dialect.ts';
import { dialect } from './ollama-chat.ts';
import { dialect as openAi } from './openai-chat.ts';

const context: AnswerContext = { requestId: 'r1', request: chat(''), model: 'm', stream: true, relay: false, includeUsage: true, createdAt: Date.UTC(2026, 0, 1), router: null };

function decode(wire: string | Uint8Array, options: { stream: boolean; relay: boolean } = { stream: true, relay: false }): StreamPart[] {
  const decoder = dialect.decodeResponse(options);
  return [...decoder.push(Buffer.from(wire)), ...decoder.end()];
}

const ask = (body: object) => dialect.decodeRequest(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }], ...body }));
const fromOpenAi = (body: object, target: object = {}) => dialect.encodeRequest(openAi.decodeRequest(JSON.stringify({ messages: [{ role: 'user', content: 'x' }], ...body })), { model: 'm', ...target });
const sent = (body: object, target: object = {}) => JSON.parse(fromOpenAi(body, target).body);

test('thinking, calls with and without ids, counts, and nanoseconds as milliseconds', () => {
  expect(decode(readWire('ollama-chat-tools.ndjson'))).toEqual([
    { type: 'reasoning-delta', text: 'Two ' },
    { type: 'reasoning-delta', text: 'calls.' },
    { type: 'tool-call', index: 0, id: 'call_ab12cd34', name: 'weather', arguments: '{"city":"Łódź"}' },
    { type: 'tool-call', index: 1, id: 'call_0', name: 'finish', arguments: '{"done":true,"error":"none"}' },
    { type: 'finish', reason: 'tool-calls', usage: { promptTokens: 120, completionTokens: 40, loadMs: 1500, promptMs: 500, completionMs: 2500, totalMs: 5000 } },
  ]);
});

test('recorded answers: log probabilities, a whole body, and a model that was only loaded', () => {
  const parts = decode(readWire('ollama-chat-logprobs.ndjson'));
  expect(parts.find((part) => part.type === 'text-delta')?.logprobs?.[0]?.top_logprobs).toHaveLength(2);
  expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'length', usage: { completionTokens: 4 } });
  expect(decode(readWire('ollama-chat-whole.json'), { stream: false, relay: false })).toMatchObject([{ type: 'text-delta' }, { type: 'finish', reason: 'length' }]);
  for (const stream of [true, false]) {
    for (const relay of [true, false]) expect(decode(readWire('ollama-chat-load.ndjson'), { stream, relay }).at(-1)).toEqual({ type: 'finish', reason: 'other', usage: {} });
  }
});

test.each(['ollama-chat-tools.ndjson', 'ollama-chat-logprobs.ndjson', 'ollama-chat-load.ndjson'])('relay of %s: every byte; arguments that say done or error are no end and no failure', (name) => {
  const wire = readWire(name);
  for (const size of [1, 100, wire.length]) {
    const decoder = dialect.decodeResponse({ stream: true, relay: true });
    const parts: StreamPart[] = [];
    for (let at = 0; at < wire.length; at += size) parts.push(...decoder.push(wire.subarray(at, at + size)));
    expect(parts.some((part) => part.type !== 'raw')).toBe(false);
    parts.push(...decoder.end());
    expect(Buffer.concat(parts.flatMap((part) => (part.type === 'raw' ? [Buffer.from(part.wire)] : [])))).toEqual(wire);
    expect(parts.at(-1)).toMatchObject({ type: 'finish' });
  }
});

test('a relay that ends after a call whose arguments say done is still interrupted', () => {
  const wire = readWire('ollama-chat-tools.ndjson').toString().split('\n').slice(0, 4).join('\n');
  expect(() => decode(`${wire}\n`, { stream: true, relay: true })).toThrow(expect.objectContaining({ code: 'stream_interrupted' }));
});

test('calls without ids are numbered over the whole answer, past ids that are given', () => {
  const line = (calls: readonly object[], done = false) => `${JSON.stringify({ message: { role: 'assistant', content: '', tool_calls: calls }, done })}\n`;
  const call = { function: { name: 'f', arguments: {} } };
  const parts = decode(line([call, { ...call, id: 'call_1' }]) + line([call], true));
  expect(parts.flatMap((part) => (part.type === 'tool-call' ? [part.id] : []))).toEqual(['call_0', 'call_1', 'call_2']);
});

test('a failure inside the stream', () => {
  const decoder = dialect.decodeResponse({ stream: true, relay: false });
  expect(decoder.push(Buffer.from('{"error":"out of memory","status":500}\n'))).toMatchObject([{ type: 'error', error: { code: 'backend_failed', message: 'out of memory' } }]);
  expect(decoder.end()).toEqual([]);
});

test('a stream is written as the API says, durations in whole nanoseconds, unknown ones left out', () => {
  const encoder = dialect.encodeResponse(context);
  const parts: StreamPart[] = [
    { type: 'reasoning-delta', text: 'h' },
    { type: 'text-delta', text: 'a', logprobs: [{ token: 'a', logprob: -1, bytes: null, top_logprobs: [] }] },
    { type: 'tool-call', index: 0, id: 'c', name: 'f', arguments: '{"a":1}' },
    { type: 'finish', reason: 'tool-calls', usage: { promptTokens: 3, completionTokens: 4, promptMs: 203.378, totalMs: 1500 } },
  ];
  const lines = parts.map((part) => JSON.parse(String(encoder.push(part))));
  const head = { model: 'm', created_at: '2026-01-01T00:00:00.000Z' };
  expect(lines).toEqual([
    { ...head, message: { role: 'assistant', content: '', thinking: 'h' }, done: false },
    { ...head, message: { role: 'assistant', content: 'a' }, done: false, logprobs: [{ token: 'a', logprob: -1, top_logprobs: [] }] },
    { ...head, message: { role: 'assistant', content: '', tool_calls: [{ id: 'c', function: { index: 0, name: 'f', arguments: { a: 1 } } }] }, done: false },
    { ...head, message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', total_duration: 1_500_000_000, prompt_eval_count: 3, prompt_eval_duration: 203_378_000, eval_count: 4 },
  ]);
  expect(encoder.end()).toBeNull();
  expect(encoder.contentType).toBe('application/x-ndjson');
});

test('arguments that are no object break the answer instead of being lost', () => {
  const call = { type: 'tool-call', index: 0, id: 'c', name: 'f', arguments: '{"a":' } as const;
  expect(() => dialect.encodeResponse(context).push(call)).toThrow(expect.objectContaining({ code: 'backend_protocol' }));
});

test('errors carry code and request id; one after half a line stands alone', () => {
  const error = new RouterError('queue_full', 'Too many.');
  expect(dialect.encodeError(error, 'r1')).toEqual({ error: 'Too many.', code: 'queue_full', request_id: 'r1' });
  const relay = dialect.encodeResponse({ ...context, relay: true });
  expect(relay.error(error)).toBe('{"error":"Too many.","code":"queue_full","request_id":"r1"}\n');
  relay.push({ type: 'raw', wire: '{"done":false}', content: true });
  expect(relay.error(error)).toBe('\n{"error":"Too many.","code":"queue_full","request_id":"r1"}\n');
});

test('what an omitted stream means, and that it stays omitted', () => {
  const text = '{"model":"m","messages":[{"role":"user","content":"x"}]}';
  const request = dialect.decodeRequest(text);
  expect(request).toMatchObject({ stream: true, includeUsage: true });
  expect(dialect.encodeRequest(request, { model: 'm' }).body).toBe(text);
});

test('calls that only load or unload a model are legal, and need an Ollama backend', () => {
  for (const body of ['{"model":"m"}', '{"model":"m","messages":[],"keep_alive":0}', '{"model":"m","messages":{}}']) {
    const request = dialect.decodeRequest(body);
    expect(request.messages).toEqual([]);
    expect(dialect.encodeRequest(request, { model: 'm' }).body).toBe(body);
    expect(() => openAi.encodeRequest(request, { model: 'm' })).toThrow(expect.objectContaining({ code: 'unsupported_feature' }));
  }
});

test("the caller's own keep_alive and num_ctx win, options of Ollama's own are kept", () => {
  const own = '{"model":"m","messages":[],"keep_alive":-1,"options":{"num_ctx":2048,"mirostat":2}}';
  const request = dialect.decodeRequest(own);
  expect(request).toMatchObject({ keepAlive: -1, contextLength: 2048, extra: { options: { mirostat: 2 } } });
  expect(dialect.encodeRequest(request, { model: 'm', keepAlive: '5m', contextLength: 8192 })).toEqual({ path: '/api/chat', body: own, rewrites: [] });
  const without = dialect.encodeRequest(ask({ options: { mirostat: 2 } }), { model: 'm', contextLength: 8192 });
  expect(JSON.parse(without.body).options).toEqual({ mirostat: 2, num_ctx: 8192 });
  expect(without.rewrites).toEqual(['num_ctx']);
});

test.each([
  [{ messages: [{ role: 'user', content: [] }] }, 'messages[0].content'], [{ messages: [{ role: 'user', content: '', images: [1] }] }, 'messages[0].images[0]'],
  [{ messages: [{ content: 'x' }] }, 'messages[0].role'], [{ options: [] }, 'options'], [{ options: { temperature: 'hot' } }, 'options.temperature'],
  [{ format: 5 }, 'format'], [{ think: 1 }, 'think'], [{ stream: 1 }, 'stream'], [{ tools: [{}] }, 'tools[0].name'],
])('a wrong request %j names %s', (body, param) => {
  expect(() => ask(body)).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ param }) }));
});

test('results without ids answer the first open call of their name, and numbers never meet given ids', () => {
  const request = ask({
    messages: [
      { role: 'assistant', content: '', tool_calls: [{ id: 'call_0', function: { name: 'f', arguments: { a: 1 } } }, { function: { name: 'g', arguments: {} } }, { function: { name: 'f', arguments: {} } }] },
      { role: 'tool', content: 'second', tool_name: 'g' },
      { role: 'tool', content: 'first' },
      { role: 'tool', content: 'third' },
    ],
  });
  expect(request.messages[0]?.toolCalls?.map((call) => call.id)).toEqual(['call_0', 'call_1', 'call_2']);
  expect(request.messages.slice(1)).toMatchObject([{ toolCallId: 'call_1', toolName: 'g' }, { toolCallId: 'call_0', toolName: 'f' }, { toolCallId: 'call_2', toolName: 'f' }]);
});

test('from OpenAI: what Ollama cannot say is refused, what it can leave out is left out', () => {
  const refused = (body: object) => expect(() => fromOpenAi(body)).toThrow(expect.objectContaining({ code: 'unsupported_feature' }));
  const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];
  refused({ n: 2 });
  refused({ tools, tool_choice: 'required' });
  refused({ tools, tool_choice: { type: 'function', function: { name: 'f' } } });
  refused({ tools: [{ type: 'web_search' }] });
  refused({ response_format: { type: 'grammar', value: 'x' } });
  refused({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a/b.png' } }] }] });
  refused({ messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] });
  refused({ messages: [{ role: 'critic', content: 'x' }] });
  expect(sent({ n: 1, logit_bias: {}, metadata: { a: 1 }, tools, tool_choice: 'none' })).toEqual({ model: 'm', messages: [{ role: 'user', content: 'x' }], stream: false });
  expect(sent({ tools, tool_choice: 'auto' })).toMatchObject({ tools });
  expect(sent({ reasoning_effort: 'none', response_format: { type: 'json_object' } })).toMatchObject({ think: false, format: 'json' });
});

test('from OpenAI: arguments that are no JSON object are named', () => {
  const messages = [{ role: 'user', content: 'x' }, { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{"a"' } }] }];
  expect(() => fromOpenAi({ messages })).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ param: 'messages[1].tool_calls[0].function.arguments' }) }));
});

test('to OpenAI: usage is asked of a stream, lengths without bound and own options are left out', () => {
  const body = JSON.parse(openAi.encodeRequest(ask({ think: false, options: { num_predict: -1, num_ctx: 4096, mirostat: 1, min_p: 0.1, repeat_penalty: 1.2 }, truncate: true }), { model: 'served' }).body);
  expect(body).toEqual({
    model: 'served', messages: [{ role: 'user', content: 'x' }], stream: true, stream_options: { include_usage: true },
    min_p: 0.1, repeat_penalty: 1.2, repetition_penalty: 1.2, reasoning_effort: 'none', chat_template_kwargs: { enable_thinking: false },
  });
});
