/** Check `queue_never_empty`: for minutes there has always been somebody waiting. */
import type { Check } from './check.ts';
import { counted, duration } from './words.ts';

const longMs = 10 * 60_000;

export const check: Check = {
  id: 'queue_never_empty',
  run({ queue: { waiting, oldestMs, busySince }, at }) {
    if (busySince === null || at - busySince < longMs) return [];
    return [
      {
        severity: 'warning',
        title: 'There is more work than the fleet can do',
        description: `Somebody has been waiting for ${duration(at - busySince)} without a break; now ${counted(waiting, 'request')}, the oldest for ${duration(oldestMs)}.`,
        fix: { text: 'Put the model that is waited for on one more machine, let its server take more requests at once, or give the batch work a lower priority.', command: 'oar status' },
        data: { waiting, oldestMs, busyMs: at - busySince },
      },
    ];
  },
};
