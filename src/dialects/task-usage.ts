/** How servers write what a request beside chat used: OpenAI's words, those of rerankers, those of media. */
import type { Usage } from '../core/stream.ts';
import { defined, type Fields } from './read-fields.ts';
import { isObject } from '../util/json-object.ts';

/** `usage` of OpenAI, vLLM, llama-server and Jina; `meta` of Cohere. A total alone is all prompt: such a model writes nothing. */
export function readTaskUsage(answer: Fields): Usage {
  const usage = isObject(answer.usage) ? answer.usage : {};
  const meta = isObject(answer.meta) ? answer.meta : {};
  const [tokens, billed] = [meta.tokens, meta.billed_units].map((value) => (isObject(value) ? value : {}));
  return defined<Usage>({
    promptTokens: count(usage.prompt_tokens) ?? count(usage.input_tokens) ?? count(tokens?.input_tokens) ?? count(billed?.input_tokens) ?? count(usage.total_tokens),
    completionTokens: count(usage.completion_tokens) ?? count(usage.output_tokens),
  });
}

/** The last `usage` object in the end of an event stream, whose events may be cut. */
export function readUsageIn(tail: string): Usage {
  const found = [...tail.matchAll(/"usage"\s*:\s*(\{(?:[^{}]|\{[^{}]*\})*\})/g)].at(-1)?.[1];
  if (found === undefined) return {};
  try {
    return readTaskUsage({ usage: JSON.parse(found) });
  } catch {
    return {};
  }
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
