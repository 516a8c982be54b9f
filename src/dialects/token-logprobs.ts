/** Log probabilities of tokens, which the OpenAI and Ollama APIs write almost alike. */
import type { TokenLogprob } from '../core/stream.ts';
import { isObject } from '../util/json-object.ts';

/** Undefined when there are none; what is not a token's entry is left out. */
export function readLogprobs(value: unknown): readonly TokenLogprob[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const tokens = value.filter(isToken);
  return tokens.length === 0 ? undefined : tokens;
}

/** The OpenAI API has every member always; the Ollama API leaves out what is not there. */
export function openAiLogprobs(tokens: readonly TokenLogprob[]): unknown {
  return { content: openAiTokens(tokens) };
}

export function openAiTokens(tokens: readonly TokenLogprob[]): readonly unknown[] {
  return tokens.map((one) => ({
    token: one.token,
    logprob: one.logprob,
    bytes: one.bytes ?? null,
    top_logprobs: (one.top_logprobs ?? []).map((top) => ({ token: top.token, logprob: top.logprob, bytes: top.bytes ?? null })),
  }));
}

function isToken(value: unknown): value is TokenLogprob {
  return isObject(value) && typeof value.token === 'string' && typeof value.logprob === 'number';
}
