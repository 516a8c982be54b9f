/** How the OpenAI API and the servers that follow it write why an answer ended and what it used. */
import type { FinishReason, Usage } from '../core/stream.ts';
import { defined, type Fields } from './read-fields.ts';
import { isObject } from '../util/json-object.ts';

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
};

const words: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  other: 'stop',
};

/** Null while the choice has not ended. */
export function readOpenAiReason(word: unknown): FinishReason | null {
  return typeof word === 'string' ? (reasons[word] ?? 'other') : null;
}

export function writeOpenAiReason(reason: FinishReason): string {
  return words[reason];
}

/** Reads `usage`, and llama.cpp's `timings` for what it does not say; milliseconds there are milliseconds here. */
export function readOpenAiUsage(answer: Fields): Usage {
  const usage = isObject(answer.usage) ? answer.usage : {};
  const timings = isObject(answer.timings) ? answer.timings : {};
  const prompt = isObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details : {};
  const completion = isObject(usage.completion_tokens_details) ? usage.completion_tokens_details : {};
  return defined<Usage>({
    promptTokens: count(usage.prompt_tokens) ?? total(count(timings.prompt_n), count(timings.cache_n)),
    completionTokens: count(usage.completion_tokens) ?? count(timings.predicted_n),
    cachedTokens: count(prompt.cached_tokens) ?? count(timings.cache_n),
    reasoningTokens: count(completion.reasoning_tokens),
    promptMs: count(timings.prompt_ms),
    completionMs: count(timings.predicted_ms),
  });
}

/** The `usage` object; counts that are not known are 0, since clients require them. */
export function writeOpenAiUsage(usage: Usage): Fields {
  const prompt = usage.promptTokens ?? 0;
  const completion = usage.completionTokens ?? 0;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    ...(usage.cachedTokens === undefined ? {} : { prompt_tokens_details: { cached_tokens: usage.cachedTokens } }),
    ...(usage.reasoningTokens === undefined ? {} : { completion_tokens_details: { reasoning_tokens: usage.reasoningTokens } }),
  };
}

/** `prompt_n` leaves out what was found in the cache. */
function total(evaluated: number | undefined, cached: number | undefined): number | undefined {
  return evaluated === undefined ? undefined : evaluated + (cached ?? 0);
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
