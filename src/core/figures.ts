/** What became of many requests: counts and spreads over hours and days. */

/** Values of many requests as one. All zero while `count` is. Percentiles are exact to a few percent; of tokens they are kept for `all` and `model`, prompts and totals, and are the mean elsewhere. */
export interface Spread {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly p50: number;
  readonly p75: number;
  readonly p95: number;
  readonly p99: number;
}

/**
 * How figures are cut: `all` in one; by the `model` that served or was tried last; by `node`; by `key` (the principal);
 * by `tag`; by `place`, which is a model on a node, and by the day alone.
 */
export type Cut = 'all' | 'model' | 'node' | 'key' | 'tag' | 'place';

/** Requests that ended; those that were accepted as jobs count when the job ends. */
export interface Figures {
  /** Epoch milliseconds at which the hour or the day (UTC) begins. */
  readonly at: number;
  /** The model, node, principal or tag; empty for `all`, and where nothing was tried. */
  readonly name: string;
  /** The node of a place; else empty. */
  readonly second: string;
  readonly requests: number;
  readonly completed: number;
  readonly failed: number;
  /** The caller left, or cancelled. */
  readonly cancelled: number;
  /** The answer broke off. */
  readonly interrupted: number;
  readonly retries: number;
  readonly fallbacks: number;
  /** A model had to be loaded first. */
  readonly coldLoads: number;
  readonly cachedTokens: number;
  /** What complete answers took to write, and the tokens that were written in it; of those that tell both. */
  readonly generatingMs: number;
  readonly generatedTokens: number;
  /** From arrival to the end, of completed requests. */
  readonly latencyMs: Spread;
  /** From arrival to the first part, where there was one. */
  readonly firstPartMs: Spread;
  /** Where they are known. */
  readonly promptTokens: Spread;
  readonly completionTokens: Spread;
  /** Both together. */
  readonly totalTokens: Spread;
  /** Epoch milliseconds of the first and the last arrival. */
  readonly firstAt: number;
  readonly lastAt: number;
}
