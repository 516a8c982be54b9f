/** Check `memory_pressure`: a machine short of main memory. */
import type { Check } from './check.ts';
import { gb } from './words.ts';

export const check: Check = {
  id: 'memory_pressure',
  run: ({ fleet }) =>
    fleet.nodes.flatMap(({ id, status, report }) => {
      if (report === null || status === 'offline' || report.memory.pressure === 'normal') return [];
      const { pressure, availableBytes, totalBytes } = report.memory;
      return {
        severity: pressure === 'critical' ? 'critical' : 'warning',
        title: `${id} is short of memory`,
        description: `${gb(availableBytes)} of ${gb(totalBytes)} are available.${pressure === 'critical' ? ' No model is loaded there until that is better.' : ''}`,
        fix: { text: 'Unload models that nobody uses, or close programs there. Smaller contexts and fewer parallel requests need less memory, too.' },
        nodeId: id,
        data: { availableBytes, totalBytes },
      };
    }),
};
