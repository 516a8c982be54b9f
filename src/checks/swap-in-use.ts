/** Check `swap_in_use`: a machine that pushes memory to its disk while it is short of it. */
import type { Check } from './check.ts';
import { gb, gigabyte } from './words.ts';

const much = gigabyte;

export const check: Check = {
  id: 'swap_in_use',
  run: ({ fleet }) =>
    fleet.nodes.flatMap(({ id, status, report }) => {
      const swapped = report?.memory.swapUsedBytes ?? 0;
      if (report === null || status === 'offline' || report.memory.pressure === 'normal' || swapped < much) return [];
      return {
        severity: 'warning',
        title: `${id} swaps`,
        description: `${gb(swapped)} are on its disk while memory is short: models that are read from there are many times slower.`,
        fix: { text: 'Load fewer or smaller models there.' },
        nodeId: id,
        data: { swapUsedBytes: swapped },
      };
    }),
};
