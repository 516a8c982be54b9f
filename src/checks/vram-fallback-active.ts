/** Check `vram_fallback_active`: models stand in for others that were not in memory. */
import type { Check } from './check.ts';
import { counted } from './words.ts';

export const check: Check = {
  id: 'vram_fallback_active',
  run({ recent }) {
    const pairs = new Map<string, number>();
    let total = 0;
    for (const { instead, requestedModel, servedModel } of recent) {
      if (instead !== 'substitute' || servedModel === undefined) continue;
      total += 1;
      const pair = `${requestedModel ?? 'auto'} by ${servedModel}`;
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
    if (total === 0) return [];
    const list = [...pairs].sort((a, b) => b[1] - a[1]).slice(0, 3).map(([pair, count]) => `${pair} (${count})`);
    return [
      {
        severity: 'info',
        title: 'Models stand in for others',
        description: `${counted(total, 'request')} in 24 hours: ${list.join(', ')}.`,
        fix: { text: 'Load or pull the models that are asked for; or set router.substitution: never if nobody wants this.' },
        data: { substitutions: total },
      },
    ];
  },
};
