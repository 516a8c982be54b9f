/** Check `client_disconnects`: callers leave before their answer is complete. */
import type { Check } from './check.ts';
import { counted, percent } from './words.ts';

const times = 3;
const share = 0.01;

export const check: Check = {
  id: 'client_disconnects',
  run({ day: { all }, hour }) {
    if (all === null || all.cancelled < times || (hour.all?.cancelled ?? 0) === 0) return [];
    const part = all.cancelled / all.requests;
    return [
      {
        severity: part > share ? 'warning' : 'info',
        title: 'Callers leave before the answer',
        description: `${all.cancelled} of ${counted(all.requests, 'request')} in 24 hours (${percent(part)}).`,
        fix: { text: 'People who press stop count here; if nobody did, raise the time limit of the client.', command: 'oar traces --status cancelled' },
        data: { cancelled: all.cancelled, requests: all.requests },
      },
    ];
  },
};
