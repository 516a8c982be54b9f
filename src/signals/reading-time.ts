/** How long a model takes to read a prompt. */
import type { LearnedSpeed } from '../core/fleet.ts';

/** Tokens a second, until something was learned. */
const usualSpeed = 500;
/** Nothing is slower: a speed that is all but zero would make the wait endless. */
const slowest = 0.01;

/** Milliseconds, by the learned speed. */
export function readingMs(tokens: number, { promptTokensPerSecond }: LearnedSpeed): number {
  return (1000 * tokens) / believable(promptTokensPerSecond, usualSpeed);
}

/** What was learned, as long as it can be true. */
export function believable(tokensPerSecond: number | undefined, usual: number): number {
  return tokensPerSecond !== undefined && tokensPerSecond > slowest ? tokensPerSecond : usual;
}
