/** Signal `wait-time`: milliseconds of work in front, and of reading this prompt. */
import type { Signal } from './signal.ts';

/** Tokens a second, until something was learned. */
const usualPromptSpeed = 500;
const usualCompletionSpeed = 30;
/** Nothing is slower: a speed that is all but zero would make the wait endless. */
const slowest = 0.01;

export const signal: Signal = {
  id: 'wait-time',
  unit: 'ms',
  term(_candidate, view) {
    const promptSpeed = speedOr(view.speed.promptTokensPerSecond, usualPromptSpeed);
    const completionSpeed = speedOr(view.speed.completionTokensPerSecond, usualCompletionSpeed);
    const inFrontSeconds = view.pendingPromptTokens / promptSpeed + view.pendingCompletionTokens / completionSpeed;
    return 1000 * (inFrontSeconds / Math.max(1, view.slots) + view.promptTokens / promptSpeed);
  },
};

function speedOr(value: number | undefined, otherwise: number): number {
  return value !== undefined && value > slowest ? value : otherwise;
}
