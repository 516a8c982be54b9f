/** Check `fallback_rate`: many callers get another model than they asked for. */
import type { Check } from './check.ts';
import { counted, percent } from './words.ts';

const share = 0.1;
const enough = 10;

export const check: Check = {
  id: 'fallback_rate',
  run({ day: { all } }) {
    if (all === null || all.requests < enough || all.fallbacks / all.requests < share) return [];
    return [
      {
        severity: 'warning',
        title: 'Many answers come from another model',
        description: `${all.fallbacks} of ${counted(all.requests, 'request')} in 24 hours were served by a model that was not the first choice (${percent(all.fallbacks / all.requests)}).`,
        fix: { text: 'Put the models that are asked for on one more machine, or keep them loaded where they are.' },
        data: { fallbacks: all.fallbacks, requests: all.requests },
      },
    ];
  },
};
