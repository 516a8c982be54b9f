/** Signal `wait-time`: milliseconds of work in front, and of reading this prompt. */
import { believable, readingMs } from './reading-time.ts';
import type { Signal } from './signal.ts';

/** Tokens a second, until something was learned. */
const usualCompletionSpeed = 30;

export const signal: Signal = {
  id: 'wait-time',
  unit: 'ms',
  term(_candidate, view) {
    const writingMs = (1000 * view.pendingCompletionTokens) / believable(view.speed.completionTokensPerSecond, usualCompletionSpeed);
    const inFrontMs = readingMs(view.pendingPromptTokens, view.speed) + writingMs;
    return inFrontMs / Math.max(1, view.slots) + readingMs(view.promptTokens, view.speed);
  },
};
