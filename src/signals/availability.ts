/** Signal `availability`: points for a machine that its owner does not need, now and over the next hour; no while he does. Contract fleet parts 2.1 and 2.2. */
import { leastAvailability } from '../util/takes-work.ts';
import { clamped } from './machine-figures.ts';
import type { Signal } from './signal.ts';

const mostPoints = 10;

export const signal: Signal = {
  id: 'availability',
  unit: 'points',
  vetoes: true,
  term(_candidate, { machine }) {
    const capacity = machine?.capacity;
    // While it is being learned about it serves: its availability means nothing yet.
    if (capacity === undefined || capacity.mode === 'bootstrap') return 0;
    const { mode, availability, trend = 0, reason } = capacity;
    if (mode === 'paused' || availability < leastAvailability) return { veto: `its owner needs the machine (${reason})` };
    // The mean of now and in an hour.
    return clamped(mostPoints * (availability + trend / 2), 0, mostPoints);
  },
};
