/** Signal `owner`: milliseconds that are waited elsewhere rather than disturb an owner who uses the machine. Between places that are far apart it decides nothing. */
import { readingMs } from './reading-time.ts';
import type { Signal } from './signal.ts';

/** At most so long, and as long again as the prompt is read there. */
const mostMs = 1000;

export const signal: Signal = {
  id: 'owner',
  unit: 'ms',
  term(_candidate, view) {
    const use = view.ownerUse ?? 0;
    return use === 0 ? 0 : use * (mostMs + readingMs(view.promptTokens, view.speed));
  },
};
