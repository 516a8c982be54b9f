/** Check `connection_failures`: a server that often cannot be reached, although it is up again now. */
import type { Check } from './check.ts';
import { attemptsBy } from './recent-attempts.ts';
import { counted } from './words.ts';

const some = 3;
const many = 10;

export const check: Check = {
  id: 'connection_failures',
  run: (view) =>
    [...attemptsBy(view, ({ backendId }) => backendId, ({ error }) => error === 'backend_unreachable')]
      .filter(([, { all, lastHour }]) => all.length >= some && lastHour > 0)
      .map(([backendId, { all, lastHour }]) => {
        const nodeId = view.fleet.backends.find(({ id }) => id === backendId)?.nodeId ?? backendId;
        return {
          severity: all.length > many ? 'critical' : 'warning',
          title: `${backendId} often cannot be reached`,
          description: `${counted(all.length, 'connection')} failed in 24 hours, ${lastHour} in the last hour.`,
          fix: { text: 'Look at its network (cable before Wi-Fi), whether the machine sleeps, and whether its server restarts.' },
          nodeId,
          data: { backend: backendId, failures: all.length, lastHour },
        };
      }),
};
