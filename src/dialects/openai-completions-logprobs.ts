/** Log probabilities in the shape of the OpenAI completions API: four lists side by side. */
import type { TokenLogprob } from '../core/stream.ts';
import type { Fields } from './read-fields.ts';
import { readLogprobs } from './token-logprobs.ts';
import { isObject } from '../util/json-object.ts';

/** `offset`: characters of the answer before the first of these tokens. */
export function writeCompletionLogprobs(tokens: readonly TokenLogprob[], offset: number): Fields {
  const offsets: number[] = [];
  let at = offset;
  for (const { token } of tokens) {
    offsets.push(at);
    at += token.length;
  }
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top_logprobs: top }) => Object.fromEntries((top ?? []).map((one) => [one.token, one.logprob]))),
    text_offset: offsets,
  };
}

/** Undefined when there are none. llama-server writes them as the chat API does. */
export function readCompletionLogprobs(value: unknown): readonly TokenLogprob[] | undefined {
  if (!isObject(value)) return undefined;
  if (Array.isArray(value.content)) return readLogprobs(value.content);
  const { tokens, token_logprobs: numbers, top_logprobs: tops } = value;
  if (!Array.isArray(tokens) || !Array.isArray(numbers)) return undefined;
  const read = tokens.flatMap((token: unknown, index): TokenLogprob[] => {
    const logprob: unknown = numbers[index];
    if (typeof token !== 'string' || typeof logprob !== 'number') return [];
    const top = Array.isArray(tops) ? readTop(tops[index]) : [];
    return [{ token, logprob, ...(top.length === 0 ? {} : { top_logprobs: top }) }];
  });
  return read.length === 0 ? undefined : read;
}

function readTop(value: unknown): readonly { readonly token: string; readonly logprob: number }[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([token, logprob]) => (typeof logprob === 'number' ? [{ token, logprob }] : []));
}
