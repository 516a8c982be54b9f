import { expect, test } from 'vitest';
import { chat } from '../../test/fakes/brain.ts';
import { readWire } from '../../test/fixtures/read-wire.ts';
import { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import type { AnswerContext } from './dialect.ts';
import { dialect } from './openai-chat.ts';

const context: AnswerContext = { requestId: 'r1', request: chat(''), model: 'm', stream: true, relay: false, includeUsage: false, createdAt: 1_767_225_600_999, router: null };

function decode(wire: string | Uint8Array, options: { stream: boolean; relay: boolean } = { stream: true, relay: false }): StreamPart[] {
  const decoder = dialect.decodeResponse(options);
  return [...decoder.push(Buffer.from(wire)), ...decoder.end()];
}

const chunk = (delta: object, finish: string | null = null): string => `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const calls = (parts: StreamPart[]) => parts.flatMap((part) => (part.type === 'tool-call' ? [{ id: part.id, name: part.name, arguments: part.arguments }] : []));
const ask = (body: object) => dialect.decodeRequest(JSON.stringify({ messages: [{ role: 'user', content: 'x' }], ...body }));

test('llama-server: reasoning, text, two calls in pieces, counts and times', () => {
  expect(decode(readWire('llama-server-reasoning-tools.sse'))).toEqual([
    { type: 'reasoning-delta', text: 'Two cities, ' },
    { type: 'reasoning-delta', text: 'two calls 🐢.' },
    { type: 'text-delta', text: 'Let me look.' },
    { type: 'tool-call', index: 0, id: 'kYw2YdO5hBvFqTn1', name: 'weather', arguments: '{"city":"Łódź"}' },
    { type: 'tool-call', index: 1, id: 'pQ7zR2mXc4LsVb9w', name: 'weather', arguments: '{"city":"Paris"}' },
    { type: 'finish', reason: 'tool-calls', usage: { promptTokens: 1085, completionTokens: 47, cachedTokens: 1000, promptMs: 203.378, completionMs: 933.63 } },
  ]);
});

test('vLLM: a call in pieces, counts after the end', () => {
  expect(decode(readWire('vllm-tools.sse'))).toEqual([
    { type: 'reasoning-delta', text: 'Hm.' },
    { type: 'tool-call', index: 0, id: 'chatcmpl-tool-1a', name: 'add', arguments: '{"a": 1, "b": 2}' },
    { type: 'finish', reason: 'tool-calls', usage: { promptTokens: 201, completionTokens: 30, cachedTokens: 192 } },
  ]);
});

test('Ollama: stream with log probabilities, and a whole answer', () => {
  const parts = decode(readWire('ollama-openai-stream.sse'));
  const texts = parts.filter((part) => part.type === 'text-delta');
  expect(texts).toHaveLength(3);
  for (const part of texts) expect(part.logprobs?.[0]).toMatchObject({ token: part.text });
  expect(parts.at(-1)).toEqual({ type: 'finish', reason: 'length', usage: { promptTokens: 11, completionTokens: 3 } });
  expect(decode(readWire('ollama-openai-whole.json'), { stream: false, relay: false })).toEqual([
    { type: 'text-delta', text: expect.any(String) },
    { type: 'finish', reason: 'length', usage: { promptTokens: 11, completionTokens: 3 } },
  ]);
});

test.each(['llama-server-reasoning-tools.sse', 'vllm-tools.sse', 'ollama-openai-stream.sse'])('relay of %s: every byte, and what it used', (name) => {
  const wire = readWire(name);
  const translated = decode(wire).at(-1);
  for (const size of [1, 100, wire.length]) {
    const decoder = dialect.decodeResponse({ stream: true, relay: true });
    const parts: StreamPart[] = [];
    for (let at = 0; at < wire.length; at += size) parts.push(...decoder.push(wire.subarray(at, at + size)));
    parts.push(...decoder.end());
    expect(Buffer.concat(parts.flatMap((part) => (part.type === 'raw' ? [Buffer.from(part.wire)] : [])))).toEqual(wire);
    expect(parts.at(-1)).toEqual(translated);
  }
});

test('events are read in every form the standard allows', () => {
  const wire = ': ping\r\n\r\ndata:{"choices":[{"index":0,\r\ndata: "delta":{"content":"a"}}]}\r\n\r\nevent: message\r\ndata: {"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}]}\r\n\r\n';
  expect(decode(wire)).toEqual([{ type: 'text-delta', text: 'a' }, { type: 'text-delta', text: 'b' }, { type: 'finish', reason: 'stop', usage: {} }]);
});

test('a finish reason completes a stream without [DONE]; [DONE] completes one without a reason', () => {
  for (const relay of [true, false]) {
    expect(decode(chunk({ content: 'a' }) + chunk({}, 'length'), { stream: true, relay }).at(-1)).toMatchObject({ type: 'finish', reason: 'length' });
    expect(decode(`${chunk({ content: 'a' })}data: [DONE]`, { stream: true, relay }).at(-1)).toMatchObject({ type: 'finish', reason: 'stop' });
    expect(() => decode(chunk({ content: 'a' }), { stream: true, relay })).toThrow(expect.objectContaining({ code: 'stream_interrupted' }));
  }
});

test('generated text that looks like wire marks neither ends nor breaks a relay', () => {
  for (const text of ['[DONE]', 'data: [DONE]', '"finish_reason":"stop"', 'error', '{"error":"x"}', '"usage":{']) {
    expect(() => decode(chunk({ content: text }), { stream: true, relay: true })).toThrow(expect.objectContaining({ code: 'stream_interrupted' }));
  }
});

test('what follows [DONE] in a relay is passed on', () => {
  const wire = `${chunk({}, 'stop')}data: [DONE]\n\n: bye`;
  const parts = decode(wire, { stream: true, relay: true });
  expect(parts.flatMap((part) => (part.type === 'raw' ? [Buffer.from(part.wire).toString()] : [])).join('')).toBe(wire);
});

test('a stream of which nothing came may be tried elsewhere, comments count as nothing', () => {
  for (const relay of [true, false]) {
    expect(() => decode(': waiting\n\n', { stream: true, relay })).toThrow(expect.objectContaining({ code: 'backend_protocol' }));
  }
  const decoder = dialect.decodeResponse({ stream: true, relay: true });
  expect(decoder.push(Buffer.from(': waiting\n\n\r\n'))).toMatchObject([{ type: 'raw', content: false }]);
  expect(decoder.push(Buffer.from(chunk({ content: 'a' })))).toMatchObject([{ type: 'raw', content: true }]);
});

test.each([
  ['an object', 'data: {"error":{"message":"no","type":"server_error"}}\n\n'],
  ['a text', 'data: {"error":"no"}\n\n'],
  ['an event of its own', 'event: error\ndata: {"message":"no"}\n\n'],
  ['a field of its own', 'error: {"code":500,"message":"no"}\n\n'],
  ['an error object', 'data: {"object":"error","message":"no","code":400}\n\n'],
])('a failure inside the stream as %s', (_name, wire) => {
  const decoder = dialect.decodeResponse({ stream: true, relay: false });
  const parts = [...decoder.push(Buffer.from(chunk({ content: 'a' }) + wire)), ...decoder.end()];
  expect(parts.at(-1)).toMatchObject({ type: 'error', error: { code: 'backend_failed', message: 'no' } });
});

test('an error body with status 200 is a failure, not an answer', () => {
  for (const relay of [true, false]) {
    expect(decode('{"error":{"message":"no","type":"overloaded"}}', { stream: false, relay })).toMatchObject([{ type: 'error', error: { message: 'no', details: { upstreamType: 'overloaded' } } }]);
  }
});

test('calls are told apart by index, by id, or by a new name', () => {
  const call = (more: object) => chunk({ tool_calls: [more] });
  const end = chunk({}, 'tool_calls');
  expect(calls(decode(call({ index: 1, id: 'b', function: { name: 'g', arguments: '{"x"' } }) + call({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }) + call({ index: 1, function: { arguments: ':1}' } }) + call({ index: 0, function: { arguments: '}' } }) + end)))
    .toEqual([{ id: 'b', name: 'g', arguments: '{"x":1}' }, { id: 'a', name: 'f', arguments: '{}' }]);
  expect(calls(decode(call({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }) + call({ index: 0, id: 'b', function: { name: 'f', arguments: '{"y":2}' } }) + end)))
    .toEqual([{ id: 'a', name: 'f', arguments: '{}' }, { id: 'b', name: 'f', arguments: '{"y":2}' }]);
  expect(calls(decode(call({ function: { name: 'f', arguments: '{"a":' } }) + call({ function: { arguments: '1}' } }) + call({ function: { name: 'g', arguments: { b: 2 } } }) + end)))
    .toEqual([{ id: 'call_0', name: 'f', arguments: '{"a":1}' }, { id: 'call_1', name: 'g', arguments: '{"b":2}' }]);
  expect(calls(decode(call({ index: 0, id: 'call_0', function: { name: 'f' } }) + call({ index: 1, function: { name: 'g', arguments: '' } }) + end)))
    .toEqual([{ id: 'call_0', name: 'f', arguments: '{}' }, { id: 'call_1', name: 'g', arguments: '{}' }]);
});

test('a stream is written as the API says: role, delta, reasoning, call, end, counts, [DONE]', () => {
  const encoder = dialect.encodeResponse({ ...context, includeUsage: true });
  const parts: StreamPart[] = [
    { type: 'reasoning-delta', text: 'h' },
    { type: 'text-delta', text: 'a' },
    { type: 'tool-call', index: 0, id: 'c', name: 'f', arguments: '{"a":1}' },
    { type: 'finish', reason: 'tool-calls', usage: { promptTokens: 3, completionTokens: 4, cachedTokens: 2, reasoningTokens: 1 } },
  ];
  const wire = parts.map((part) => encoder.push(part)).join('') + String(encoder.end());
  const events = wire.split('\n\n');
  expect(events.slice(-2)).toEqual(['data: [DONE]', '']);
  const chunks = events.slice(0, -2).map((event) => JSON.parse(event.slice('data: '.length)));
  const head = { id: 'chatcmpl-r1', object: 'chat.completion.chunk', created: 1_767_225_600, model: 'm' };
  const choice = (delta: object, finish: string | null = null) => ({ ...head, choices: [{ index: 0, delta, finish_reason: finish }] });
  expect(chunks).toEqual([
    choice({ role: 'assistant', content: '' }),
    choice({ reasoning_content: 'h' }),
    choice({ content: 'a' }),
    choice({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }] }),
    choice({}, 'tool_calls'),
    { ...head, choices: [], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7, prompt_tokens_details: { cached_tokens: 2 }, completion_tokens_details: { reasoning_tokens: 1 } } },
  ]);
  expect(encoder.contentType).toBe('text/event-stream; charset=utf-8');
});

test('counts are left out of a stream that did not ask, and a stream without an end gets no [DONE]', () => {
  const encoder = dialect.encodeResponse(context);
  expect(encoder.push({ type: 'text-delta', text: 'a' })).not.toBeNull();
  expect(encoder.end()).toBeNull();
  expect(encoder.push({ type: 'finish', reason: 'stop', usage: { promptTokens: 3 } })).not.toContain('usage');
  expect(encoder.end()).toBe('data: [DONE]\n\n');
});

test('an error after half an event stands alone, and is not followed by [DONE]', () => {
  const error = new RouterError('backend_timeout', 'Silent.', { param: 'x' });
  const event = `data: ${JSON.stringify({ error: { message: 'Silent.', type: 'server_error', param: 'x', code: 'backend_timeout', request_id: 'r1' } })}\n\n`;
  for (const [written, gap] of [[[], ''], [['data: {}\n\n'], ''], [['data: {}\r\n', '\r\n'], ''], [['data: {}\n'], '\n'], [['data: {}'], '\n\n']] as const) {
    const encoder = dialect.encodeResponse({ ...context, relay: true });
    for (const wire of written) encoder.push({ type: 'raw', wire: Buffer.from(wire), content: true });
    expect(encoder.error(error)).toBe(gap + event);
  }
});

test.each([
  ['invalid_request', {}, 'invalid_request_error'], ['unauthenticated', {}, 'authentication_error'], ['forbidden', {}, 'permission_error'], ['unknown_model', {}, 'not_found_error'],
  ['rate_limited', {}, 'rate_limit_error'], ['queue_full', {}, 'server_error'], ['internal', {}, 'server_error'], ['backend_rejected', { status: 422 }, 'invalid_request_error'],
] as const)('an error %s has the type %s', (code, details, type) => {
  expect(dialect.encodeError(new RouterError(code, 'why', details), 'r9')).toEqual({ error: { message: 'why', type, param: null, code, request_id: 'r9' } });
});

test.each([
  [{ messages: [] }, 'messages'], [{ messages: {} }, 'messages'], [{ messages: 'hi' }, 'messages'], [{ messages: [5] }, 'messages[0]'],
  [{ messages: [{ content: 'x' }] }, 'messages[0].role'], [{ messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
  [{ messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'messages[0].content[0].type'],
  [{ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }, 'messages[0].content[0].image_url.url'],
  [{ messages: [{ role: 'assistant', tool_calls: [{ id: 'a', function: {} }] }] }, 'messages[0].tool_calls[0].function.name'],
  [{ tools: [{ type: 'function', function: { description: 'x' } }] }, 'tools[0].function.name'],
  [{ temperature: '1' }, 'temperature'], [{ max_tokens: 1.5 }, 'max_tokens'], [{ stop: [1] }, 'stop[0]'], [{ response_format: 'json' }, 'response_format'],
  [{ stream_options: { include_usage: 1 } }, 'stream_options.include_usage'], [{ keep_alive: true }, 'keep_alive'], [{ user: 3 }, 'user'],
])('a wrong request %j names %s', (body, param) => {
  expect(() => ask(body)).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ param }) }));
});

test('a request is read with its defaults, roles and older forms', () => {
  const request = ask({
    messages: [
      { role: 'developer', content: 'd' },
      { role: 'user', content: [{ type: 'text', text: 't' }, { type: 'image_url', image_url: 'https://a/b.png' }, { type: 'input_audio', input_audio: {} }], name: 'ann' },
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'r' },
      { role: 'assistant', reasoning: 'why', content: '' },
    ],
    stream: null, tools: {}, stop: 'x', max_tokens: 5, max_completion_tokens: 9, n: 2, metadata: null, zz: { a: 1 },
  });
  expect(request).toMatchObject({ stream: false, includeUsage: false, tools: [], sampling: { stop: ['x'], maxTokens: 9 }, router: null });
  expect(request.extra).toEqual({ n: 2, zz: { a: 1 } });
  expect(request.messages).toEqual([
    { role: 'system', content: [{ type: 'text', text: 'd' }] },
    { role: 'user', name: 'ann', content: [{ type: 'text', text: 't' }, { type: 'image-url', url: 'https://a/b.png' }, { type: 'other', kind: 'input_audio', value: { type: 'input_audio', input_audio: {} } }] },
    { role: 'assistant', content: [], toolCalls: [{ id: 'call_0', name: 'f', arguments: '{}' }] },
    { role: 'tool', content: [{ type: 'text', text: 'r' }], toolCallId: 'call_0', toolName: 'f' },
    { role: 'assistant', content: [], reasoning: 'why' },
  ]);
});

test('thinking and formats in each of their forms', () => {
  expect(ask({ reasoning_effort: 'none' }).reasoning).toEqual({ enabled: false });
  expect(ask({ reasoning_effort: 'minimal' }).reasoning).toEqual({ enabled: true, effort: 'low' });
  expect(ask({ reasoning: { effort: 'high' } }).reasoning).toEqual({ enabled: true, effort: 'high' });
  expect(ask({ chat_template_kwargs: { enable_thinking: false } }).reasoning).toEqual({ enabled: false });
  expect(ask({ response_format: { type: 'text' } }).responseFormat).toBeUndefined();
  expect(ask({ response_format: { type: 'json_object' } }).responseFormat).toEqual({ type: 'json' });
  expect(ask({ response_format: { type: 'json_object', schema: { type: 'array' } } }).responseFormat).toEqual({ type: 'json-schema', schema: { type: 'array' } });
});
