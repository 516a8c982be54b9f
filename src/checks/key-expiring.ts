/** Check `key_expiring`: a key that will stop working within days. */
import type { Check } from './check.ts';
import { dayMs, duration } from './words.ts';

const soonMs = 7 * dayMs;

export const check: Check = {
  id: 'key_expiring',
  run: ({ keys, at }) =>
    keys.flatMap(({ id, expiresAt }) => {
      const leftMs = Date.parse(expiresAt) - at;
      if (!(leftMs > 0 && leftMs < soonMs)) return [];
      return {
        severity: 'warning',
        title: `The key ${id} expires soon`,
        description: `It stops working in ${duration(leftMs)} (${expiresAt}).`,
        fix: { text: 'Make a new one and hand it to whoever uses this one, or give this one a later end in the Settings view.', command: 'oar keys create' },
        data: { key: id, expiresAt },
      };
    }),
};
