/** Check `high_retry_rate`: many requests need more than one try. */
import type { Check } from './check.ts';
import { counted } from './words.ts';

const some = 0.3;
const many = 0.5;
const enough = 10;

export const check: Check = {
  id: 'high_retry_rate',
  run({ day: { all } }) {
    if (all === null || all.requests < enough || all.retries / all.requests < some) return [];
    const rate = all.retries / all.requests;
    return [
      {
        severity: rate >= many ? 'warning' : 'info',
        title: 'Many requests are tried again',
        description: `${counted(all.retries, 'further try', 'further tries')} for ${counted(all.requests, 'request')} in 24 hours.`,
        fix: { text: 'Find the machine that fails first and repair or drain it.', command: 'oar nodes' },
        data: { retries: all.retries, requests: all.requests },
      },
    ];
  },
};
