/** Signal `thermal`: points for a model that is hot (in memory) or warm (just left it); contract fleet part 2.2. Heat in degrees is no part of it. */
import { isLoaded } from './machine-figures.ts';
import type { Signal } from './signal.ts';

const loadedPoints = 50;
const warmPoints = 30;
const diskPoints = 10;
const warmMs = 1_800_000;

export const signal: Signal = {
  id: 'thermal',
  unit: 'points',
  term(_candidate, view) {
    if (isLoaded(view)) return loadedPoints;
    // A server that cannot say what it has loaded has it as likely as not.
    if (view.resident === 'unknown') return (loadedPoints + diskPoints) / 2;
    return view.leftMemoryMsAgo !== undefined && view.leftMemoryMsAgo < warmMs ? warmPoints : diskPoints;
  },
};
