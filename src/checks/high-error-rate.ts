/** Check `high_error_rate`: too many requests fail on a machine. */
import type { Check } from './check.ts';
import { counted, percent } from './words.ts';

const share = 0.05;
/** Fewer say nothing. */
const enough = 10;

export const check: Check = {
  id: 'high_error_rate',
  run: ({ day, hour }) =>
    day.nodes.flatMap((row) => {
      const failed = row.failed + row.interrupted;
      if (row.name === '' || row.requests < enough || failed / row.requests < share) return [];
      const lately = hour.nodes.find(({ name }) => name === row.name);
      const latelyFailed = lately === undefined ? 0 : lately.failed + lately.interrupted;
      const solved = lately === undefined || lately.requests === 0 || latelyFailed / lately.requests < share;
      return {
        severity: solved ? 'info' : 'warning',
        title: solved ? `${row.name} had many errors` : `Requests fail on ${row.name}`,
        description: `${failed} of ${counted(row.requests, 'request')} failed in 24 hours (${percent(failed / row.requests)}), ${latelyFailed} of ${lately?.requests ?? 0} in the last hour.`,
        fix: { text: 'Look at what they failed with, and at the log of the server there.', command: 'oar traces --status failed' },
        nodeId: row.name,
        data: { failed, requests: row.requests, failedLastHour: latelyFailed },
      };
    }),
};
