/** Requests of a caller of each chat API, and which API may be answered by which. */
import { kits } from '../conformance/dialect-kits.ts';

export interface Wanted {
  readonly model: string;
  readonly text: string;
  readonly stream: boolean;
  /** As a prompt that goes to the model as it is, where the API can say so. */
  readonly raw: boolean;
}

export interface CallerRequest {
  readonly path: string;
  readonly body: object;
}

/** By the dialect's id. */
export const callers: Readonly<Record<string, (wanted: Wanted) => CallerRequest>> = {
  'openai-chat': ({ model, text, stream }) => ({ path: '/v1/chat/completions', body: { model, messages: [{ role: 'user', content: text }], ...streamed(stream) } }),
  'openai-completions': ({ model, text, stream }) => ({ path: '/v1/completions', body: { model, prompt: text, ...streamed(stream) } }),
  'openai-responses': ({ model, text, stream }) => ({ path: '/v1/responses', body: { model, input: text, stream, store: false } }),
  'ollama-chat': ({ model, text, stream }) => ({ path: '/api/chat', body: { model, messages: [{ role: 'user', content: text }], stream } }),
  'ollama-generate': ({ model, text, stream, raw }) => ({ path: '/api/generate', body: { model, prompt: text, stream, ...(raw ? { raw } : {}) } }),
  'anthropic-messages': ({ model, text, stream }) => ({ path: '/v1/messages', body: { model, max_tokens: 9_000, messages: [{ role: 'user', content: text }], stream } }),
};

function streamed(stream: boolean): object {
  return stream ? { stream, stream_options: { include_usage: true } } : { stream };
}

type Pair = readonly [caller: string, backend: string];

const all: readonly Pair[] = Object.keys(kits).flatMap((caller) => Object.keys(kits).map((backend): Pair => [caller, backend]));

/** Why there is no such pair; null where there is one. */
function whyNot([caller, backend]: Pair): string | null {
  const saysRaw = caller === 'ollama-generate' || kits[caller]?.raw === true;
  const takesRaw = backend === 'ollama-generate' || kits[backend]?.raw === true;
  if (kits[backend]?.raw === true && !saysRaw) return 'A server that only completes raw prompts takes no conversation.';
  if (kits[caller]?.raw === true && !takesRaw) return 'A raw prompt must not go through the template of a chat.';
  return null;
}

export const pairs = all.filter((pair) => whyNot(pair) === null);
export const refusedPairs = all.flatMap((pair): readonly (readonly [...Pair, string])[] => {
  const why = whyNot(pair);
  return why === null ? [] : [[...pair, why]];
});

/** The ids of the tool calls in an answer of any of the APIs, streamed or not, each once. */
export function idsIn(text: string): readonly string[] {
  const ids = new Set<string>();
  const values = text.startsWith('{') && !text.includes('\n') ? [text] : text.split('\n').map((line) => (line.startsWith('data: ') ? line.slice(6) : line));
  for (const value of values) if (value.startsWith('{')) collect(JSON.parse(value), ids);
  return [...ids];
}

/** Calls are not looked into: their arguments may look like calls. */
function collect(value: unknown, ids: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  const { type, id, call_id: callId, function: called } = value as Readonly<Record<string, unknown>>;
  if (type === 'tool_use' || (typeof called === 'object' && called !== null)) ids.add(String(id));
  else if (type === 'function_call') ids.add(String(callId));
  else for (const one of Object.values(value)) collect(one, ids);
}
