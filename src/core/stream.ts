/** The parts an answer is made of, whoever produced it and whoever reads it. */
import type { RouterError } from './errors.ts';

export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'other';

/** Counts and times as the backend reported them; what it did not report is absent, never zero. */
export interface Usage {
  readonly promptTokens?: number;
  readonly completionTokens?: number;
  /** Prompt tokens that were found in a prefix cache. */
  readonly cachedTokens?: number;
  readonly reasoningTokens?: number;
  readonly loadMs?: number;
  readonly promptMs?: number;
  readonly completionMs?: number;
  readonly totalMs?: number;
}

/** One token's log probability; the same shape in the OpenAI and Ollama APIs. */
export interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes?: readonly number[] | null;
  readonly top_logprobs?: readonly { readonly token: string; readonly logprob: number; readonly bytes?: readonly number[] | null }[];
}

export type StreamPart =
  | { readonly type: 'text-delta'; readonly text: string; readonly logprobs?: readonly TokenLogprob[] }
  | { readonly type: 'reasoning-delta'; readonly text: string }
  /** A whole call; decoders gather the pieces first. `index` counts from 0 in one answer. */
  | { readonly type: 'tool-call'; readonly index: number; readonly id: string; readonly name: string; readonly arguments: string }
  /** One vector; `index` is the place of its input. */
  | { readonly type: 'embedding'; readonly index: number; readonly vector: readonly number[] }
  /** A whole picture, its bytes in base64. */
  | { readonly type: 'picture'; readonly index: number; readonly data: string; readonly mediaType: string; readonly revisedPrompt?: string }
  /** Exactly one ends a complete answer; nothing follows it but `raw` parts of a relay. `thoughtChars`: how long the thinking in those is. */
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly usage: Usage; readonly thoughtChars?: number }
  /** The backend reported a failure inside the stream. Nothing follows. */
  | { readonly type: 'error'; readonly error: RouterError }
  /** Bytes for a caller of the same dialect, to be written unchanged. `content`: holds generated output (not just a preamble). */
  | { readonly type: 'raw'; readonly wire: Uint8Array | string; readonly content: boolean };
