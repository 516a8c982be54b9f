/** Signal `queue-depth`: points off for all that runs on the machine, less on one that is fast; contract fleet part 2.2. */
import { clamped } from './machine-figures.ts';
import type { Signal } from './signal.ts';

const pointsEach = 6;
const mostPoints = 30;
const slowest = 0.25;
const fastest = 4;

export const signal: Signal = {
  id: 'queue-depth',
  unit: 'points',
  term(_candidate, { runningOnNode = 0, machine }) {
    if (runningOnNode === 0) return 0;
    return -Math.min(mostPoints, (pointsEach * runningOnNode) / clamped(machine?.bandwidthRatio ?? 1, slowest, fastest));
  },
};
