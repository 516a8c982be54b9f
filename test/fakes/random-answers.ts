/** Answers made up from a number: the same number gives the same answer, so that a test that fails can name it. */
import { numbersFrom } from '../support/seeded.ts';

export interface Random {
  /** At least 0, less than 1. */
  fraction(): number;
  /** From `least` to `most`, both possible. */
  integer(least: number, most: number): number;
  /** True so often, of 1. */
  chance(probability: number): boolean;
  pick<Value>(values: readonly Value[]): Value;
}

export type Segment =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  /** `text`: the arguments as the model wrote them. */
  | { readonly type: 'call'; readonly id: string; readonly name: string; readonly text: string };

/** What a backend has to say, in no API's words. */
export interface Said {
  readonly segments: readonly Segment[];
  readonly end: 'stop' | 'length' | 'toolCalls' | 'contentFilter';
  readonly promptTokens: number;
  /** Of the prompt's. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

/** mulberry32. */
export function seeded(seed: number): Random {
  const fraction = numbersFrom(Math.imul(seed + 1, 0x9e3779b1));
  const integer = (least: number, most: number): number => least + Math.floor(fraction() * (most - least + 1));
  return { fraction, integer, chance: (probability) => fraction() < probability, pick: (values) => values[integer(0, values.length - 1)] as (typeof values)[number] };
}

/** What a reader of one of the APIs may stumble over. */
const words: readonly string[] = [
  'plain', 'Zażółć', 'żółw', '日本語', '🐢', '👩‍👩‍👧‍👦', 'e\u0301\u0323', 'שלום', '\u2028', '\u2029', '\ufeff', '\u0000', '\u007f', '\t', '\r\n', '\n', '\n\n', '"', '\\', '\\"', '\\u00e9', '<think>', '</think>',
  '\ndata: [DONE]\n\n', 'data: {"choices":[]}', '{"done":true}\n', '"done":true', '"error":"none"', '{"error":{"message":"no"}}', 'event: message_stop\n\n', '"type":"response.completed"', '"finish_reason":"stop"', ': comment\n', '[DONE]', '𝕏', 'ﬀ', '%00', '${x}',
];

function prose(random: Random, most: number): string {
  const text = Array.from({ length: random.integer(1, most) }, () => random.pick(words) + random.pick([' ', ' ', '', '. '])).join('');
  return random.chance(0.01) ? text + random.pick(['x', '🐢', 'ü']).repeat(random.integer(2_000, 20_000)) : text;
}

function value(random: Random, depth: number): unknown {
  const kind = random.integer(0, depth > 0 ? 7 : 5);
  if (kind === 0) return random.pick([0, -1, 1.5, 1e21, 0.1, 1_767_225_600_123]);
  if (kind === 1) return random.pick([true, false, null]);
  if (kind <= 5) return prose(random, 3);
  if (kind === 6) return Array.from({ length: random.integer(0, 3) }, () => value(random, depth - 1));
  return record(random, depth - 1);
}

const names = ['city', 'error', 'done', 'żółw', 'type', '🐢', 'nested', 'usage', '', 'a.b', 'choices', 'message'];

function record(random: Random, depth: number): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Array.from({ length: random.integer(0, 4) }, () => [random.pick(names), value(random, depth)]));
}

function call(random: Random, position: number): Segment {
  const given = record(random, 3);
  const text = random.chance(0.2) ? JSON.stringify(given, null, random.integer(1, 3)) : JSON.stringify(given);
  const id = `${random.pick(['call_', 'toolu_', 'chatcmpl-tool-', ''])}${random.integer(0, 2 ** 31).toString(36)}x${position}`;
  return { type: 'call', id, name: random.pick(['weather', 'now', 'mcp__files__read', 'do-it']), text: text === '{}' && random.chance(0.5) ? '' : text };
}

/** With thinking and calls only where they can be carried. */
export function randomAnswer(random: Random, carries: { readonly reasoning: boolean; readonly calls: boolean }): Said {
  const segments: Segment[] = [];
  if (carries.reasoning && random.chance(0.4)) segments.push({ type: 'reasoning', text: prose(random, 8) });
  if (random.chance(0.85)) segments.push({ type: 'text', text: prose(random, 15) });
  const calls = carries.calls && random.chance(0.5) ? random.integer(1, 4) : 0;
  for (let position = 0; position < calls; position += 1) {
    segments.push(call(random, position));
    if (random.chance(0.15)) segments.push({ type: carries.reasoning ? random.pick(['text', 'reasoning']) : 'text', text: prose(random, 4) });
  }
  const promptTokens = random.integer(1, 5_000);
  const end = calls > 0 ? random.pick(['toolCalls', 'toolCalls', 'length'] as const) : random.pick(['stop', 'stop', 'length', 'contentFilter'] as const);
  return { segments, end, promptTokens, cachedTokens: random.chance(0.3) ? random.integer(1, promptTokens) : 0, completionTokens: random.integer(0, 5_000) };
}

/** The text in pieces as a model's tokens come, also between the halves of a surrogate pair and before a combining mark; some are empty. */
export function piecesOf(text: string, random: Random): readonly string[] {
  const pieces: string[] = [];
  const most = Math.max(random.pick([1, 4, 20, 1_000]), Math.ceil(text.length / 60));
  for (let at = 0; at < text.length; ) {
    const length = random.integer(random.chance(0.05) ? 0 : 1, most);
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}
