/** Bytes of real servers as the outside oracle: what our readers find in them, however they are cut, and what our writers make of the same answer. */
import { describe, expect, test } from 'vitest';
import type { StreamPart, Usage } from '../../src/core/stream.ts';
import type { InferenceDialect } from '../../src/dialects/dialect.ts';
import { dialects } from '../../src/dialects/index.gen.ts';
import { readWire } from '../fixtures/read-wire.ts';
import type { Json } from './kits/kit.ts';

const inference = new Map(dialects.flatMap((dialect) => (dialect.kind === 'inference' ? [[dialect.id, dialect] as const] : [])));

function dialectOf(id: string): InferenceDialect {
  const dialect = inference.get(id);
  if (!dialect) throw new Error(`There is no dialect ${id}.`);
  return dialect;
}

function decode(dialect: InferenceDialect, bytes: Buffer, size: number, stream: boolean, relay = false): readonly StreamPart[] {
  const decoder = dialect.decodeResponse({ stream, relay });
  const parts: StreamPart[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(...decoder.push(bytes.subarray(at, at + size)));
  return [...parts, ...decoder.end()];
}

/** What a reader of the file sees in it. */
interface Seen {
  readonly text: string;
  readonly reasoning?: string;
  readonly calls?: readonly (readonly [id: string, name: string, given: unknown])[];
  readonly reason: Extract<StreamPart, { type: 'finish' }>['reason'];
  readonly usage: Usage;
  /** Tokens of which the log probability is told. */
  readonly tokens?: number;
}

const hello = "Hello! I'm here to help with any programming or coding";
const glad = "I'm so glad you're here! I hope it's";
const counts = (promptTokens: number, completionTokens: number): Usage => ({ promptTokens, completionTokens });

const streams: readonly (readonly [file: string, dialect: string, seen: Seen])[] = [
  ['ollama-messages-stream.sse', 'anthropic-messages', { text: hello, reason: 'length', usage: counts(20, 12) }],
  // It was cut by its limit and calls itself complete.
  ['ollama-responses-stream.sse', 'openai-responses', { text: hello, reason: 'stop', usage: counts(20, 12) }],
  ['ollama-completions-stream.sse', 'openai-completions', { text: "I'm glad you're enjoying the latest", reason: 'length', usage: counts(12, 8) }],
  ['ollama-openai-stream.sse', 'openai-chat', { text: 'Hello there.', reason: 'length', usage: counts(11, 3), tokens: 3 }],
  ['ollama-chat-logprobs.ndjson', 'ollama-chat', { text: '🌱', reason: 'length', usage: counts(14, 4), tokens: 3 }],
  ['ollama-chat-load.ndjson', 'ollama-chat', { text: '', reason: 'other', usage: {} }],
  ['ollama-chat-tools.ndjson', 'ollama-chat', {
    text: '', reasoning: 'Two calls.', reason: 'tool-calls', usage: counts(120, 40),
    calls: [['call_ab12cd34', 'weather', { city: 'Łódź' }], ['call_0', 'finish', { done: true, error: 'none' }]],
  }],
  ['ollama-generate.ndjson', 'ollama-generate', { text: 'Thank you,', reason: 'length', usage: counts(11, 3) }],
  ['llama-server-reasoning-tools.sse', 'openai-chat', {
    text: 'Let me look.', reasoning: 'Two cities, two calls 🐢.', reason: 'tool-calls', usage: { ...counts(1085, 47), cachedTokens: 1000 },
    calls: [['kYw2YdO5hBvFqTn1', 'weather', { city: 'Łódź' }], ['pQ7zR2mXc4LsVb9w', 'weather', { city: 'Paris' }]],
  }],
  ['vllm-tools.sse', 'openai-chat', { text: '', reasoning: 'Hm.', reason: 'tool-calls', usage: { ...counts(201, 30), cachedTokens: 192 }, calls: [['chatcmpl-tool-1a', 'add', { a: 1, b: 2 }]] }],
];

const bodies: readonly (readonly [file: string, dialect: string, seen: Seen])[] = [
  ['ollama-messages-whole.json', 'anthropic-messages', { text: glad, reason: 'length', usage: counts(12, 12) }],
  ['ollama-responses-whole.json', 'openai-responses', { text: glad, reason: 'stop', usage: counts(12, 12) }],
  ['ollama-completions-whole.json', 'openai-completions', { text: "I'm glad you're enjoying the latest", reason: 'length', usage: counts(12, 8) }],
  ['ollama-openai-whole.json', 'openai-chat', { text: 'The time for', reason: 'length', usage: counts(11, 3) }],
  ['ollama-chat-whole.json', 'ollama-chat', { text: 'Thank you, I', reason: 'length', usage: counts(11, 4) }],
];

function seenIn(parts: readonly StreamPart[]): Seen {
  const texts = (type: string): string => parts.map((part) => ('text' in part && part.type === type ? part.text : '')).join('');
  const finish = parts.at(-1);
  if (finish?.type !== 'finish') throw new Error('The answer does not end.');
  const calls = parts.flatMap((part) => (part.type === 'tool-call' ? [[part.id, part.name, JSON.parse(part.arguments)] as const] : []));
  const tokens = parts.flatMap((part) => (part.type === 'text-delta' ? (part.logprobs ?? []) : [])).length;
  return { text: texts('text-delta'), reasoning: texts('reasoning-delta'), calls, reason: finish.reason, usage: finish.usage, tokens };
}

const all = [...streams.map((one) => [...one, true] as const), ...bodies.map((one) => [...one, false] as const)];

/** What tells that an answer is complete; up to there it is not. */
const endMarks = ['"finish_reason":"', '"stop_reason":"', '"done":true', '"type":"response.completed"'];

describe.each(all)('%s', (file, id, seen, stream) => {
  const wire = readWire(file);
  const dialect = dialectOf(id);

  test('says the same at every cut', () => {
    const expected = { reasoning: '', calls: [], tokens: 0, ...seen, usage: expect.objectContaining(seen.usage) };
    const whole = decode(dialect, wire, wire.length, stream);
    expect(seenIn(whole)).toEqual(expected);
    const text = JSON.stringify(whole);
    for (let size = 1; size < wire.length; size += 1) {
      const parts = JSON.stringify(decode(dialect, wire, size, stream));
      if (parts !== text) expect(parts, `in pieces of ${size} bytes`).toBe(text);
    }
  });

  test('is counted the same, and keeps its bytes, where it passes on to a caller of the same API', () => {
    for (const size of [1, 2, 3, 7, 64, 1000, wire.length]) {
      const parts = decode(dialect, wire, size, stream, true);
      expect(Buffer.concat(parts.flatMap((part) => (part.type === 'raw' ? [Buffer.from(part.wire)] : [])))).toEqual(wire);
      expect(parts.at(-1)).toMatchObject({ type: 'finish', usage: seen.usage });
    }
  });

  test('without its end it is not complete, wherever it stops', () => {
    const text = wire.toString('latin1');
    const end = stream ? Math.max(...endMarks.map((mark) => text.lastIndexOf(mark))) : text.trimEnd().length - 1;
    expect(end).toBeGreaterThan(0);
    for (let length = 0; length <= end; length += 1) {
      expect(() => decode(dialect, wire.subarray(0, length), wire.length, stream), `${length} bytes`).toThrow(expect.objectContaining({ code: expect.stringMatching(/^(?:stream_interrupted|backend_protocol)$/) }));
    }
  });
});

test('a recorded failure inside a stream is one, with its message, at every cut', () => {
  const wire = readWire('llama-server-error.sse');
  for (let size = 1; size <= wire.length; size += 1) {
    const decoder = dialectOf('openai-chat').decodeResponse({ stream: true, relay: false });
    const parts: StreamPart[] = [];
    for (let at = 0; at < wire.length; at += size) parts.push(...decoder.push(wire.subarray(at, at + size)));
    expect(parts).toEqual([{ type: 'text-delta', text: 'Once' }, { type: 'error', error: expect.objectContaining({ code: 'backend_failed', message: 'context shift is disabled' }) }]);
  }
});

const vectors = [[-0.37541533, -0.5719843, 0.04679439, 0.72781014], [-0.38222927, -0.57766914, 0.052203525, 0.71935666]];

test.each([['ollama-embed.json', 'ollama-embed'], ['ollama-openai-embeddings.json', 'openai-embeddings'], ['ollama-openai-embeddings-base64.json', 'openai-embeddings']])('%s: both vectors and the count, at every cut', (file, id) => {
  const wire = readWire(file);
  for (let size = 1; size <= wire.length; size += 1) {
    const parts = decode(dialectOf(id), wire, size, false);
    const read = parts.flatMap((part) => (part.type === 'embedding' ? [{ index: part.index, vector: part.vector.map(Math.fround) }] : []));
    expect(read).toEqual(vectors.map((vector, index) => ({ index, vector: vector.map(Math.fround) })));
    expect(parts.at(-1)).toMatchObject({ type: 'finish', usage: { promptTokens: 2 } });
  }
});

/** Why ours is not as recorded, by the member's path. */
type Differences = Readonly<Record<string, string>>;

const made = 'Every server names and dates its own answers.';
const optional = 'Optional in the types of the API\'s own client, and nothing that the router has a say in.';
const unknown = 'The API\'s own client does not know it.';
const toTheModel = 'Nobody asked for a value: the recording tells that of its own settings, ours leaves it to the model with null.';
const fingerprint = 'It tells one build of a server from another, and an answer in translation has more than one behind it.';
const whenItEnds = 'The recording says 0 before it has counted; ours counts once, at the end.';

function responsesObject(at: string): Differences {
  const names = (path: string): string => `${at}${path}`;
  return {
    [names('id')]: made,
    [names('created_at')]: made,
    [names('completed_at')]: 'A writer has no clock; optional in the types of the API\'s own client.',
    ...Object.fromEntries(['frequency_penalty', 'presence_penalty', 'max_tool_calls'].map((member) => [names(member), unknown])),
    ...Object.fromEntries(['prompt_cache_key', 'safety_identifier'].map((member) => [names(member), optional])),
    [names('top_p')]: toTheModel,
    [names('reasoning')]: 'The recording has null for it; the API itself has an object of nulls, as ours.',
    [names('store')]: 'The router keeps answers to go on from, which is what the API promises where nothing was asked; the recorded server has no such memory.',
    [names('output[].id')]: made,
  };
}

interface Rewriting {
  readonly file: string;
  readonly dialect: string;
  readonly stream: boolean;
  /** What was asked for the recording, as far as the answer tells of it. */
  readonly asked?: object;
  /** Which of our events has no equal in the recording, and why. */
  readonly beside?: { readonly why: string; is(event: WireEvent): boolean };
  readonly differences: Differences;
}

const name = 'smollm2:135m';
const messages = [{ role: 'user', content: 'Hello there' }];
const limited = { model: name, max_tokens: 12, messages };
const role = { why: 'The role comes alone, as from the API itself; the recorded server repeats it with each chunk.', is: ({ data }: WireEvent) => data.choices?.[0]?.delta?.role !== undefined };

const rewritings: readonly Rewriting[] = [
  {
    file: 'ollama-messages-stream.sse', dialect: 'anthropic-messages', stream: true, asked: limited,
    beside: { why: 'The API itself sends it right behind the beginning.', is: (event) => event.name === 'ping' },
    differences: { 'message.id': made, 'message.usage.input_tokens': 'Not known before the end: an estimate in both, which the last event replaces.' },
  },
  { file: 'ollama-messages-whole.json', dialect: 'anthropic-messages', stream: false, asked: limited, differences: { id: made } },
  {
    file: 'ollama-responses-stream.sse', dialect: 'openai-responses', stream: true,
    asked: { model: name, instructions: 'Be brief.', input: 'Hello there', max_output_tokens: 12, temperature: 0 },
    differences: { ...responsesObject('response.'), 'item.id': made, item_id: made },
  },
  { file: 'ollama-responses-whole.json', dialect: 'openai-responses', stream: false, asked: { model: name, input: 'Hello there', max_output_tokens: 12, temperature: 0 }, differences: responsesObject('') },
  { file: 'ollama-completions-stream.sse', dialect: 'openai-completions', stream: true, differences: { id: made, created: made, system_fingerprint: fingerprint, usage: whenItEnds } },
  { file: 'ollama-completions-whole.json', dialect: 'openai-completions', stream: false, differences: { id: made, created: made, system_fingerprint: fingerprint } },
  {
    file: 'ollama-openai-stream.sse', dialect: 'openai-chat', stream: true, beside: role,
    differences: { id: made, created: made, system_fingerprint: fingerprint, 'choices[].delta.role': role.why, 'choices[].delta.content': 'The last chunk has an empty text in the recording, and none in the API itself.' },
  },
  { file: 'ollama-openai-whole.json', dialect: 'openai-chat', stream: false, differences: { id: made, created: made, system_fingerprint: fingerprint } },
  { file: 'ollama-chat-whole.json', dialect: 'ollama-chat', stream: false, differences: { created_at: made } },
  { file: 'ollama-chat-logprobs.ndjson', dialect: 'ollama-chat', stream: true, differences: { created_at: made } },
  { file: 'ollama-generate.ndjson', dialect: 'ollama-generate', stream: true, differences: { created_at: made, context: 'The tokens of one server\'s tokenizer mean nothing to another one.' } },
];

interface WireEvent {
  readonly name: string;
  readonly data: Json;
}

/** Events with their names, lines, or a body as the only one. */
function eventsIn(text: string): readonly WireEvent[] {
  const values = text.split('\n').filter((line) => line.startsWith('{') || /^data: (?!\[DONE\])/.test(line)).map((line) => JSON.parse(line.replace(/^data: /, '')));
  const names = [...text.matchAll(/^event: (.*)$/gm)].map(([, found]) => found ?? '');
  return values.map((data, index) => ({ name: names[index] ?? '', data }));
}

/** The paths at which the recording has what ours has not, or has otherwise. */
function otherwise(recorded: Json, ours: Json, path = ''): readonly string[] {
  if (typeof recorded !== 'object' || recorded === null) return recorded === ours ? [] : [path];
  if (typeof ours !== 'object' || ours === null || Array.isArray(recorded) !== Array.isArray(ours)) return [path];
  const at = (key: string): string => (Array.isArray(recorded) ? `${path}[]` : path === '' ? key : `${path}.${key}`);
  return Object.keys(recorded).flatMap((key) => otherwise(recorded[key], ours[key], at(key)));
}

test.each(rewritings.map((one) => [one.file, one] as const))('%s: our answer of the same parts has the same events, and every member as recorded but for listed ones', (_file, { file, dialect: id, stream, asked, beside, differences }) => {
  const dialect = dialectOf(id);
  const wire = readWire(file);
  const recorded = eventsIn(wire.toString());
  const model: string = recorded[0]?.data.model ?? name;
  const request = dialect.decodeRequest(JSON.stringify({ ...(asked ?? { model, messages, prompt: 'Hello there' }), stream }));
  const encoder = dialect.encodeResponse({ requestId: 'req_1', request, model, stream, relay: false, includeUsage: true, createdAt: 1_767_225_600_000, router: null });
  const pieces = [...decode(dialect, wire, wire.length, stream).map((part) => encoder.push(part)), encoder.end()];
  const written = eventsIn(pieces.map((piece) => (piece === null ? '' : Buffer.from(piece).toString())).join(''));
  const ours = written.filter((event) => beside?.is(event) !== true);
  expect(written.length - ours.length).toBe(beside === undefined ? 0 : 1);
  expect(ours.map((event) => event.name)).toEqual(recorded.map((event) => event.name));
  const found = new Set(recorded.flatMap((event, index) => otherwise(event.data, ours[index]?.data)));
  expect([...found].sort()).toEqual(Object.keys(differences).sort());
  for (const why of [...Object.values(differences), ...(beside ? [beside.why] : [])]) expect(why).toMatch(/^[A-Z].*\.$/);
});
