/** Signal `load-time`: milliseconds until the model is in memory. */
import type { Signal } from './signal.ts';

/** Reading speed of an ordinary SSD, for a model that was never seen loading. */
const bytesPerMs = 1_500_000;
const usualLoadMs = 3000;

export const signal: Signal = {
  id: 'load-time',
  unit: 'ms',
  term(_candidate, view) {
    if (view.resident !== null && view.resident !== 'unknown') return 0;
    const loadMs = view.speed.loadMs ?? (view.sizeBytes === undefined ? usualLoadMs : view.sizeBytes / bytesPerMs);
    // A server that cannot say what it has loaded has it as likely as not; a load that is under way is half done on average.
    return view.resident === 'unknown' || view.runningModel > 0 ? loadMs / 2 : loadMs;
  },
};
