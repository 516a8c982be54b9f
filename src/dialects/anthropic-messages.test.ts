import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chat } from '../../test/fakes/brain.ts';
import { readWire } from '../../test/fixtures/read-wire.ts';
import { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import type { AnswerContext } from './dialect.ts';
import { dialect } from './anthropic-messages.ts';

const context: AnswerContext = { requestId: 'r1', request: chat('x'.repeat(40)), model: 'm', stream: true, relay: false, includeUsage: true, createdAt: 0, router: null };

function decode(wire: string | Uint8Array, options: { stream: boolean; relay: boolean } = { stream: true, relay: false }): StreamPart[] {
  const decoder = dialect.decodeResponse(options);
  return [...decoder.push(Buffer.from(wire)), ...decoder.end()];
}

const event = (data: { type: string; [key: string]: unknown }): string => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const start = (usage: object = { input_tokens: 5, output_tokens: 1 }): string => event({ type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', content: [], stop_reason: null, usage } });
const opened = (index: number, block: object): string => event({ type: 'content_block_start', index, content_block: block });
const delta = (index: number, piece: object): string => event({ type: 'content_block_delta', index, delta: piece });
const closed = (index: number): string => event({ type: 'content_block_stop', index });
const ended = (reason: string | null, usage: object = { output_tokens: 7 }): string => event({ type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage });
const stop = event({ type: 'message_stop' });
const finishOf = (parts: readonly StreamPart[]) => parts.find((part) => part.type === 'finish');

function write(parts: readonly StreamPart[], more: Partial<AnswerContext> = {}): string {
  const encoder = dialect.encodeResponse({ ...context, ...more });
  return parts.map((part) => encoder.push(part) ?? '').join('') + String(encoder.end() ?? '');
}

test('Ollama: a recorded stream, a recorded body', () => {
  const parts = decode(readWire('ollama-messages-stream.sse'));
  expect(parts.filter((part) => part.type === 'text-delta').map((part) => part.text).join('')).toMatch(/^Hello! I'm here/);
  expect(parts.at(-1)).toEqual({ type: 'finish', reason: 'length', usage: { promptTokens: 20, completionTokens: 12 } });
  expect(decode(readWire('ollama-messages-whole.json'), { stream: false, relay: false })).toEqual([
    { type: 'text-delta', text: "I'm so glad you're here! I hope it's" },
    { type: 'finish', reason: 'length', usage: { promptTokens: 12, completionTokens: 12 } },
  ]);
});

/** The bytes in pieces of these lengths, over and over. */
function cut(wire: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  while (at < wire.length) {
    const length = lengths[pieces.length % lengths.length] ?? 1;
    pieces.push(wire.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

test('however a stream is cut, it passes byte for byte, and its translation stays the same', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 });
  for (const wire of [readWire('ollama-messages-stream.sse'), Buffer.from(write(answer))]) {
    const expected = decode(wire);
    fc.assert(fc.property(lengths, (sizes) => {
      const feed = (relay: boolean): StreamPart[] => {
        const decoder = dialect.decodeResponse({ stream: true, relay });
        return [...cut(wire, sizes).flatMap((piece) => decoder.push(piece)), ...decoder.end()];
      };
      const relayed = feed(true);
      expect(Buffer.concat(relayed.flatMap((part) => (part.type === 'raw' ? [Buffer.from(part.wire)] : [])))).toEqual(wire);
      expect(relayed.at(-1)).toEqual(expected.at(-1));
      expect(feed(false)).toEqual(expected);
    }), { numRuns: 40 });
  }
});

test('thinking with its signature, text, calls in pieces, blocks of the API\'s own', () => {
  const wire = start({ input_tokens: 5, cache_creation_input_tokens: 20, cache_read_input_tokens: 100, output_tokens: 1 }) + event({ type: 'ping' })
    + opened(0, { type: 'thinking', thinking: '', signature: '' }) + delta(0, { type: 'thinking_delta', thinking: 'Hm.' }) + delta(0, { type: 'signature_delta', signature: 'c2ln' }) + closed(0)
    + opened(1, { type: 'redacted_thinking', data: 'x' }) + closed(1)
    + opened(2, { type: 'text', text: '' }) + delta(2, { type: 'text_delta', text: 'Let me look.' }) + delta(2, { type: 'citations_delta', citation: {} }) + closed(2)
    + opened(3, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }) + delta(3, { type: 'input_json_delta', partial_json: '{}' }) + closed(3)
    + opened(4, { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} }) + delta(4, { type: 'input_json_delta', partial_json: '' }) + delta(4, { type: 'input_json_delta', partial_json: '{"city":"Łó' }) + delta(4, { type: 'input_json_delta', partial_json: 'dź"}' }) + closed(4)
    + opened(5, { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} }) + closed(5)
    + event({ type: 'someday' }) + ended('tool_use', { output_tokens: 42, output_tokens_details: { thinking_tokens: 9 } }) + stop;
  expect(decode(wire)).toEqual([
    { type: 'reasoning-delta', text: 'Hm.' },
    { type: 'text-delta', text: 'Let me look.' },
    { type: 'tool-call', index: 0, id: 'toolu_1', name: 'weather', arguments: '{"city":"Łódź"}' },
    { type: 'tool-call', index: 1, id: 'toolu_2', name: 'now', arguments: '{}' },
    { type: 'finish', reason: 'tool-calls', usage: { promptTokens: 125, completionTokens: 42, cachedTokens: 100, reasoningTokens: 9 } },
  ]);
});

test.each([
  ['end_turn', 'stop'], ['stop_sequence', 'stop'], ['max_tokens', 'length'], ['model_context_window_exceeded', 'length'], ['tool_use', 'tool-calls'], ['refusal', 'content-filter'], ['pause_turn', 'other'],
])('stop reason %s is %s', (word, reason) => {
  for (const relay of [true, false]) expect(finishOf(decode(start() + ended(word) + stop, { stream: true, relay }))).toMatchObject({ reason });
  expect(finishOf(decode(JSON.stringify({ type: 'message', content: [], stop_reason: word }), { stream: false, relay: true }))).toMatchObject({ reason });
});

test('counts add up over the events: later totals hold, and what is not told is not zero', () => {
  const usage = (first: object, last: object) => [true, false].map((relay) => finishOf(decode(start(first) + ended('end_turn', last) + stop, { stream: true, relay })));
  const expected = (counts: object) => [expect.objectContaining({ usage: counts }), expect.objectContaining({ usage: counts })];
  expect(usage({ input_tokens: 5, cache_read_input_tokens: 100, output_tokens: 1 }, { output_tokens: 7 })).toEqual(expected({ promptTokens: 105, cachedTokens: 100, completionTokens: 7 }));
  expect(usage({ input_tokens: 0, output_tokens: 0 }, { input_tokens: 20, output_tokens: 7 })).toEqual(expected({ promptTokens: 20, completionTokens: 7 }));
  expect(usage({ input_tokens: 5, output_tokens: 1 }, { input_tokens: null, output_tokens: 7 })).toEqual(expected({ promptTokens: 5, completionTokens: 7 }));
  expect(usage({}, {})).toEqual(expected({}));
});

test('a stream that breaks off tells what it used, but takes the first event for no count of the output', () => {
  for (const relay of [true, false]) {
    const decoder = dialect.decodeResponse({ stream: true, relay });
    decoder.push(Buffer.from(start() + opened(0, { type: 'text', text: '' }) + delta(0, { type: 'text_delta', text: 'Hi' })));
    expect(decoder.usage?.()).toEqual({ promptTokens: 5 });
    expect(() => decoder.end()).toThrow(expect.objectContaining({ code: 'stream_interrupted' }));
  }
});

test('nothing but a preamble is no beginning, so that another backend may still be asked', () => {
  for (const relay of [true, false]) {
    const decoder = dialect.decodeResponse({ stream: true, relay });
    for (const part of decoder.push(Buffer.from(start() + event({ type: 'ping' })))) expect(part).toMatchObject({ type: 'raw', content: false });
    expect(() => decoder.end()).toThrow(expect.objectContaining({ code: 'backend_protocol' }));
  }
});

test('a reason to stop is enough for a translation; what is relayed must reach message_stop', () => {
  expect(finishOf(decode(start() + ended('end_turn')))).toMatchObject({ reason: 'stop' });
  expect(() => decode(start() + ended('end_turn'), { stream: true, relay: true })).toThrow(expect.objectContaining({ code: 'stream_interrupted' }));
});

test('an error event ends the answer with its own words', () => {
  const wire = start() + event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
  for (const relay of [true, false]) {
    const parts = dialect.decodeResponse({ stream: true, relay }).push(Buffer.from(wire));
    expect(parts.find((part) => part.type === 'error')).toMatchObject({ error: { code: 'backend_failed', message: 'Overloaded', details: { upstreamType: 'overloaded_error' } } });
  }
});

test('a body is read block by block', () => {
  const content = [{ type: 'thinking', thinking: 'Hm.', signature: 's' }, { type: 'text', text: 'Look:' }, { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: [1] } }, { type: 'later', x: 1 }];
  expect(decode(JSON.stringify({ type: 'message', content, stop_reason: null, usage: { input_tokens: 3, cache_read_input_tokens: 4, output_tokens: 5 } }), { stream: false, relay: false })).toEqual([
    { type: 'reasoning-delta', text: 'Hm.' },
    { type: 'text-delta', text: 'Look:' },
    { type: 'tool-call', index: 0, id: 'toolu_1', name: 'f', arguments: '{"a":[1]}' },
    { type: 'finish', reason: 'tool-calls', usage: { promptTokens: 7, cachedTokens: 4, completionTokens: 5 } },
  ]);
  expect(() => decode('{"id":"x"}', { stream: false, relay: false })).toThrow(expect.objectContaining({ code: 'backend_protocol' }));
  expect(decode('{"type":"error","error":{"type":"api_error","message":"no"}}', { stream: false, relay: false })).toMatchObject([{ type: 'error', error: { message: 'no' } }]);
});

const answer: StreamPart[] = [
  { type: 'reasoning-delta', text: 'h🐢' },
  { type: 'text-delta', text: 'aż' },
  { type: 'text-delta', text: '', logprobs: [] },
  { type: 'text-delta', text: 'b' },
  { type: 'tool-call', index: 0, id: 'toolu_9', name: 'f', arguments: '{"a": 1}' },
  { type: 'text-delta', text: 'c' },
  { type: 'tool-call', index: 1, id: 'call_1', name: 'g', arguments: '' },
  { type: 'finish', reason: 'tool-calls', usage: { promptTokens: 30, completionTokens: 4, cachedTokens: 20, reasoningTokens: 1 } },
];

test('a stream is written as the API says, block after block', () => {
  expect(write(answer)).toBe([
    event({ type: 'message_start', message: { id: 'msg_r1', type: 'message', role: 'assistant', model: 'm', content: [], stop_reason: null, stop_sequence: null, usage: { input_tokens: 10, output_tokens: 0 } } }),
    event({ type: 'ping' }),
    opened(0, { type: 'thinking', thinking: '', signature: '' }), delta(0, { type: 'thinking_delta', thinking: 'h🐢' }), closed(0),
    opened(1, { type: 'text', text: '' }), delta(1, { type: 'text_delta', text: 'aż' }), delta(1, { type: 'text_delta', text: 'b' }), closed(1),
    opened(2, { type: 'tool_use', id: 'toolu_9', name: 'f', input: {} }), delta(2, { type: 'input_json_delta', partial_json: '{"a": 1}' }), closed(2),
    opened(3, { type: 'text', text: '' }), delta(3, { type: 'text_delta', text: 'c' }), closed(3),
    opened(4, { type: 'tool_use', id: 'toolu_r1_1', name: 'g', input: {} }), delta(4, { type: 'input_json_delta', partial_json: '{}' }), closed(4),
    ended('tool_use', { input_tokens: 10, cache_read_input_tokens: 20, output_tokens: 4, output_tokens_details: { thinking_tokens: 1 } }),
    stop,
  ].join(''));
  expect(dialect.encodeResponse(context).contentType).toBe('text/event-stream; charset=utf-8');
});

test('a body is written with the same blocks', () => {
  expect(JSON.parse(write(answer, { stream: false }))).toEqual({
    id: 'msg_r1', type: 'message', role: 'assistant', model: 'm',
    content: [
      { type: 'thinking', thinking: 'h🐢', signature: '' }, { type: 'text', text: 'ażb' }, { type: 'tool_use', id: 'toolu_9', name: 'f', input: { a: 1 } },
      { type: 'text', text: 'c' }, { type: 'tool_use', id: 'toolu_r1_1', name: 'g', input: {} },
    ],
    stop_reason: 'tool_use', stop_sequence: null,
    usage: { input_tokens: 10, cache_read_input_tokens: 20, output_tokens: 4, output_tokens_details: { thinking_tokens: 1 } },
  });
});

test('arguments that are no JSON break neither a stream nor a body', () => {
  for (const text of ['{"city": "Par', 'Paris', '["a"]']) {
    const parts: StreamPart[] = [{ type: 'tool-call', index: 0, id: 'a', name: 'f', arguments: text }, { type: 'finish', reason: 'tool-calls', usage: {} }];
    expect(write(parts)).toContain(delta(0, { type: 'input_json_delta', partial_json: JSON.stringify({ INVALID_JSON: text }) }));
    expect(JSON.parse(write(parts, { stream: false })).content).toMatchObject([{ input: { INVALID_JSON: text } }]);
  }
});

test('a stream without an end gets no message_stop', () => {
  expect(write([{ type: 'text-delta', text: 'a' }])).not.toContain('message_stop');
  expect(write([])).toBe('');
});

test('an error after half an event stands alone', () => {
  const error = new RouterError('backend_timeout', 'Silent.', { param: 'x' });
  const told = event({ type: 'error', error: { type: 'timeout_error', message: 'Silent.', details: { error_code: 'backend_timeout', param: 'x' } }, request_id: 'r1' });
  for (const [written, gap] of [[[], ''], [['data: {}\n\n'], ''], [['data: {}\r\n', '\r\n'], ''], [['event: message_stop\n'], '\n'], [['data: {}'], '\n\n']] as const) {
    const encoder = dialect.encodeResponse({ ...context, relay: true });
    for (const wire of written) encoder.push({ type: 'raw', wire: Buffer.from(wire), content: true });
    expect(encoder.error(error)).toBe(gap + told);
  }
  expect(dialect.encodeResponse(context).error(error)).toBe(told);
});

test.each([
  ['invalid_request', {}, 'invalid_request_error'], ['unsupported_feature', {}, 'invalid_request_error'], ['unauthenticated', {}, 'authentication_error'],
  ['forbidden', {}, 'permission_error'], ['unknown_model', {}, 'not_found_error'], ['payload_too_large', {}, 'request_too_large'], ['rate_limited', {}, 'rate_limit_error'], ['queue_full', {}, 'overloaded_error'],
  ['no_capacity', {}, 'overloaded_error'], ['backend_timeout', {}, 'timeout_error'], ['backend_failed', {}, 'api_error'], ['internal', {}, 'api_error'], ['backend_rejected', { status: 422 }, 'invalid_request_error'],
] as const)('an error %s has the type %s', (code, details, type) => {
  expect(dialect.encodeError(new RouterError(code, 'why', details), 'r9')).toEqual({ type: 'error', error: { type, message: 'why', details: { error_code: code } }, request_id: 'r9' });
});

test.each([
  [{}, 'prompt is too long: why'],
  [{ overflow: { promptTokens: 5000, contextTokens: 4096 } }, 'prompt is too long: 5000 tokens > 4096 maximum. why'],
])('a prompt that is too long is told in the words that clients act on: %j', (details, message) => {
  expect(dialect.encodeError(new RouterError('context_overflow', 'why', details), 'r9')).toMatchObject({ error: { type: 'invalid_request_error', message } });
});
