/** How the Anthropic API writes why an answer ended and what it used. */
import type { FinishReason, Usage } from '../core/stream.ts';
import { defined, type Fields } from './read-fields.ts';
import { isObject } from '../util/json-object.ts';

const reasons: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  refusal: 'content-filter',
};

const words: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
  other: 'end_turn',
};

/** Null while the answer has not ended. */
export function readAnthropicReason(word: unknown): FinishReason | null {
  return typeof word === 'string' ? (reasons[word] ?? 'other') : null;
}

export function writeAnthropicReason(reason: FinishReason): string {
  return words[reason];
}

/** Counts that come in several events of one answer: each is the total so far, and the last one told holds. */
export class AnthropicCounts {
  #input: number | undefined;
  #written: number | undefined;
  #cached: number | undefined;
  #output: number | undefined;
  #thinking: number | undefined;

  /** `usage` of `message_start`, whose count of output tokens is only where it begins. */
  start(usage: unknown): void {
    if (!isObject(usage)) return;
    this.#input = count(usage.input_tokens) ?? this.#input;
    this.#written = count(usage.cache_creation_input_tokens) ?? this.#written;
    this.#cached = count(usage.cache_read_input_tokens) ?? this.#cached;
  }

  /** `usage` of `message_delta` or of a whole answer. */
  take(usage: unknown): void {
    if (!isObject(usage)) return;
    this.start(usage);
    this.#output = count(usage.output_tokens) ?? this.#output;
    const details = isObject(usage.output_tokens_details) ? usage.output_tokens_details : {};
    this.#thinking = count(details.thinking_tokens) ?? this.#thinking;
  }

  /** All input together: what was new, what was put into the cache, and what was found there. */
  usage(): Usage {
    return defined<Usage>({
      promptTokens: this.#input === undefined ? undefined : this.#input + (this.#written ?? 0) + (this.#cached ?? 0),
      completionTokens: this.#output,
      cachedTokens: this.#cached,
      reasoningTokens: this.#thinking,
    });
  }
}

/** The `usage` object of an answer. `promptTokens` stands in where the backend did not count; clients require both numbers. */
export function writeAnthropicUsage(usage: Usage, promptTokens: number): Fields {
  const cached = usage.cachedTokens ?? 0;
  return defined<Fields>({
    input_tokens: usage.promptTokens === undefined ? promptTokens : Math.max(0, usage.promptTokens - cached),
    cache_read_input_tokens: usage.cachedTokens,
    output_tokens: usage.completionTokens ?? 0,
    output_tokens_details: usage.reasoningTokens === undefined ? undefined : { thinking_tokens: usage.reasoningTokens },
  });
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
