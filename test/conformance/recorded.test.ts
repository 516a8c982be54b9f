/** Bytes of real servers as the outside oracle: what our readers find in them, however they are cut, and what our writers make of the same answer. */
import { describe, expect, test } from 'vitest';
import type { StreamPart, Usage } from '../../src/core/stream.ts';
import type { InferenceDialect } from '../../src/dialects/dialect.ts';
import { dialects } from '../../src/dialects/index.gen.ts';
import { readWire } from '../fixtures/read-wire.ts';
import { kits } from './dialect-kits.ts';
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
    // What ends an answer: from there on nothing of it is missing.
    const end = stream ? wire.lastIndexOf(Buffer.from('\n', 'utf8'), wire.length - 60) : wire.length - 2;
    for (let at = 0; at < end; at += 7) {
      const text = wire.subarray(0, at).toString();
      if (/"finish_reason":"|"stop_reason":"|"type":"response.completed"/.test(text)) break;
      expect(() => decode(dialect, wire.subarray(0, at), 50, stream), `${at} bytes`).toThrow(expect.objectContaining({ code: expect.stringMatching(/^(?:stream_interrupted|backend_protocol)$/) }));
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

/** Why ours is not as recorded, by the member's path; `name: path` for an event of that name. */
type Differences = Readonly<Record<string, string>>;

const made = 'Each router names and dates its own answers.';
const model = 'The recording calls its model by its name, and ours by the name it was asked for.';
const optional = "Not in the first version of the API; its clients' types have it as optional, and the router has nothing to say in it.";
const noClock = 'A dialect has no clock; the API says when the answer began.';
const completions = 'No later count is known before the end; the recording says 0, as ours leaves it out.';

const responsesObject = (at: string): Differences => ({
  [`${at}id`]: made, [`${at}created_at`]: made, [`${at}completed_at`]: noClock,
  [`${at}frequency_penalty`]: optional, [`${at}presence_penalty`]: optional, [`${at}max_tool_calls`]: optional, [`${at}prompt_cache_key`]: optional, [`${at}safety_identifier`]: optional,
});

interface Rewriting {
  readonly file: string;
  readonly dialect: string;
  readonly stream: boolean;
  /** What was asked when it was recorded. */
  readonly asked: object;
  /** Events that ours has beside the recorded ones. */
  readonly more?: Differences;
  readonly differences: Differences;
}

const rewritings: readonly Rewriting[] = [
  { file: 'ollama-messages-stream.sse', dialect: 'anthropic-messages', stream: true, asked: { model: 'smollm2:135m', max_tokens: 12, messages: [{ role: 'user', content: 'Hello there' }] }, differences: {} },
  { file: 'ollama-messages-whole.json', dialect: 'anthropic-messages', stream: false, asked: { model: 'smollm2:135m', max_tokens: 12, messages: [{ role: 'user', content: 'Hello there' }] }, differences: {} },
  { file: 'ollama-responses-stream.sse', dialect: 'openai-responses', stream: true, asked: { model: 'smollm2:135m', instructions: 'Be brief.', input: 'Hello there', max_output_tokens: 12, temperature: 0 }, differences: {} },
  { file: 'ollama-responses-whole.json', dialect: 'openai-responses', stream: false, asked: { model: 'smollm2:135m', input: 'Hello there', max_output_tokens: 12, temperature: 0 }, differences: {} },
];

interface WireEvent {
  readonly name: string;
  readonly data: Json;
}

/** Events with their names, or a body as the only one. */
function eventsIn(text: string, stream: boolean): readonly WireEvent[] {
  if (!stream) return [{ name: '', data: JSON.parse(text) }];
  return text.split('\n\n').filter((block) => block.trim() !== '').map((block) => {
    const lines = block.split('\n');
    return { name: lines.find((line) => line.startsWith('event: '))?.slice(7) ?? '', data: JSON.parse(lines.find((line) => line.startsWith('data: '))?.slice(6) ?? 'null') };
  });
}

/** The paths at which the recording has what ours has not, or has otherwise. */
function otherwise(recorded: Json, ours: Json, path: string): readonly string[] {
  if (typeof recorded !== 'object' || recorded === null) return JSON.stringify(recorded) === JSON.stringify(ours) ? [] : [path];
  if (typeof ours !== 'object' || ours === null || Array.isArray(recorded) !== Array.isArray(ours)) return [path];
  const at = (key: string): string => (Array.isArray(recorded) ? `${path}[]` : path === '' || path.endsWith(' ') ? `${path}${key}` : `${path}.${key}`);
  return Object.keys(recorded).flatMap((key) => otherwise(recorded[key], ours[key], at(key)));
}

void [kits, made, model, optional, noClock, completions, responsesObject];
describe.each(rewritings.map((one) => [one.file, one] as const))('our answer beside %s', (_file, { file, dialect: id, stream, asked, differences }) => {
  test('debug', () => {
    const dialect = dialectOf(id);
    const wire = readWire(file);
    const request = dialect.decodeRequest(JSON.stringify({ ...asked, stream }));
    const encoder = dialect.encodeResponse({ requestId: 'req_1', request, model: 'smollm2:135m', stream, relay: false, includeUsage: true, createdAt: 1_767_225_600_000, router: null });
    const out = [...decode(dialect, wire, wire.length, stream).map((part) => encoder.push(part)), encoder.end()].map((p) => p === null ? '' : Buffer.from(p as string).toString()).join('');
    const ours = eventsIn(out, stream); const rec = eventsIn(wire.toString(), stream);
    console.log(file, JSON.stringify(ours.map((e) => e.name)), JSON.stringify(rec.map((e) => e.name)), differences);
    const o = ours.filter((e) => e.name !== 'ping');
    console.log([...new Set(rec.flatMap((event, i) => otherwise(event.data, o[i]?.data, `${event.name} `)))].join('\n'));
  });
});
