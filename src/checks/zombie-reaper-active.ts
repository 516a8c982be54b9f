/** Check `zombie_reaper_active`: requests had to be ended because their server had fallen silent. */
import type { Check } from './check.ts';
import { counted } from './words.ts';

const many = 10;

export const check: Check = {
  id: 'zombie_reaper_active',
  run({ reaped }) {
    if (reaped === 0) return [];
    return [
      {
        severity: reaped > many ? 'critical' : 'warning',
        title: 'Servers fall silent in the middle of work',
        description: `${counted(reaped, 'request')} in 24 hours got nothing for longer than the limit and ${reaped === 1 ? 'was' : 'were'} ended.`,
        fix: { text: 'Look for crashes and stuck runners on the machines where it happened; longer limits are backends[].timeouts.', command: 'oar traces --status failed' },
        data: { reaped },
      },
    ];
  },
};
