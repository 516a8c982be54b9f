/** Signal `context-fit`: points for a loaded context with room for the prompt, points off for one that is too short; contract fleet part 2.2. */
import type { Signal } from './signal.ts';

const tooShort = -15;
const mostPoints = 15;
/** Context as a multiple of the prompt: below it, so many points. */
const steps: readonly (readonly [below: number, points: number])[] = [[1, tooShort], [1.5, 3], [3, 7.5], [8, 12]];

export const signal: Signal = {
  id: 'context-fit',
  unit: 'points',
  term(_candidate, { resident, promptTokens }) {
    if (resident === null || resident === 'unknown' || resident.contextLength === undefined) return 0;
    const ratio = resident.contextLength / Math.max(1, promptTokens);
    return steps.find(([below]) => ratio < below)?.[1] ?? mostPoints;
  },
};
