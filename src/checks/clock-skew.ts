/** Check `clock_skew`: a machine whose clock is wrong. */
import type { Check } from './check.ts';

const mostMs = 5000;

export const check: Check = {
  id: 'clock_skew',
  run: ({ fleet }) =>
    fleet.nodes.flatMap(({ id, clockSkewMs, status }) => {
      if (clockSkewMs === undefined || status === 'offline' || Math.abs(clockSkewMs) <= mostMs) return [];
      const seconds = Math.round(Math.abs(clockSkewMs) / 1000);
      return {
        severity: 'warning',
        title: `The clock of ${id} is wrong`,
        description: `It is ${seconds} s ${clockSkewMs > 0 ? 'ahead of' : 'behind'} the router's; logs cannot be compared and its weekly pattern is learned for the wrong hours.`,
        fix: { text: 'Let it set its clock by the network.', command: 'timedatectl set-ntp true' },
        nodeId: id,
        data: { clockSkewMs },
      };
    }),
};
