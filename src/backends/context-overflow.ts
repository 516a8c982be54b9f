/** Recognises, in a server's own words, that a prompt was longer than the context. */
import { countField } from './json-fields.ts';
import type { JsonObject } from '../util/json-object.ts';

export interface Overflow {
  readonly promptTokens?: number;
  readonly contextTokens?: number;
}

/** llama.cpp's type, OpenAI's code. */
const overflowTypes = new Set(['exceed_context_size_error', 'context_length_exceeded']);

/** Ollama, llama.cpp, vLLM, SGLang, LM Studio, TGI, Anthropic; each needs both a word for the context and one for too much of it. */
const aboutContext = /context (?:length|size|window|limit)|max(?:imum)? context|`inputs` tokens|prompt is too long: \d+ tokens/i;
const aboutExcess = /exceed|longer than|greater than|too long|too large|overflow|not enough|maximum context length is|must be <=/i;

const contextPatterns = [
  /maximum context length (?:is|of) (\d+)/i,
  /context (?:size|length|window)(?: of only| of)? \(?(\d+)(?: tokens)?/i,
  /must be <= (\d+)/i,
  /tokens > (\d+) maximum/i,
  /context limit: \d+ \+ \d+ > (\d+)/i,
];
const promptPatterns = [
  /requested (?:a total of )?(\d+) tokens/i,
  /request has (\d+) input tokens/i,
  /resulted in (\d+) tokens/i,
  /(?:request|input|prompt)[^(.]{0,20}\((\d+) tokens\)/i,
  /keep the first (\d+) tokens/i,
  /given: (\d+) `inputs`/i,
  /prompt is too long: (\d+) tokens/i,
  /context limit: (\d+) \+/i,
];

/** Null when the error is about something else. `error` is the error object, where there is one. */
export function contextOverflow(message: string, upstreamType: string | undefined, error: JsonObject): Overflow | null {
  const typed = upstreamType !== undefined && overflowTypes.has(upstreamType);
  if (!typed && !(aboutContext.test(message) && aboutExcess.test(message))) return null;
  const promptTokens = countField(error, 'n_prompt_tokens') ?? firstNumber(promptPatterns, message);
  const contextTokens = countField(error, 'n_ctx') ?? firstNumber(contextPatterns, message);
  return { ...(promptTokens === undefined ? {} : { promptTokens }), ...(contextTokens === undefined ? {} : { contextTokens }) };
}

function firstNumber(patterns: readonly RegExp[], text: string): number | undefined {
  for (const pattern of patterns) {
    const digits = pattern.exec(text)?.[1];
    if (digits !== undefined) return Number(digits);
  }
  return undefined;
}
