/** Signal `one-load`: a model is not loaded a second time while a copy of it, there or on its way, has room. */
import type { Signal } from './signal.ts';

export const signal: Signal = {
  id: 'one-load',
  unit: 'ms',
  term(_candidate, view) {
    const wouldLoad = view.resident === null && view.runningModel === 0;
    return wouldLoad && view.warmElsewhere ? { veto: 'another backend has it in memory, or is loading it, and has room' } : 0;
  },
};
