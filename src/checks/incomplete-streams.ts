/** Check `incomplete_streams`: answers break off in the middle. */
import type { Check } from './check.ts';
import { counted, percent } from './words.ts';

const times = 2;
const share = 0.005;

export const check: Check = {
  id: 'incomplete_streams',
  run: ({ day, hour }) =>
    day.nodes.flatMap((row) => {
      const lately = hour.nodes.find(({ name }) => name === row.name)?.interrupted ?? 0;
      if (row.interrupted < times || lately === 0) return [];
      const part = row.interrupted / row.requests;
      return {
        severity: part > share ? 'warning' : 'info',
        title: `Answers break off on ${row.name}`,
        description: `${row.interrupted} of ${counted(row.requests, 'request')} in 24 hours (${percent(part)}), ${lately} in the last hour.`,
        fix: { text: 'A server that runs out of memory or crashes does this: look at its log, and at the memory of the machine.', command: 'oar traces --status interrupted' },
        nodeId: row.name,
        data: { interrupted: row.interrupted, requests: row.requests, lastHour: lately },
      };
    }),
};
