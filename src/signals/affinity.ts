/** Signal `affinity`: milliseconds of reading that an earlier turn of the conversation saves. */
import { readingMs } from './reading-time.ts';
import type { Signal } from './signal.ts';

export const signal: Signal = {
  id: 'affinity',
  unit: 'ms',
  term(_candidate, view) {
    // What was read went with the model.
    const saved = view.resident === null ? 0 : Math.min(view.readTokens, view.promptTokens);
    return saved > 0 ? -readingMs(saved, view.speed) : 0;
  },
};
