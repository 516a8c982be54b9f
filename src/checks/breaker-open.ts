/** Check `breaker_open`: a server that is left alone because it failed again and again. */
import type { Check } from './check.ts';

export const check: Check = {
  id: 'breaker_open',
  run: ({ fleet }) =>
    fleet.backends
      .filter(({ breaker, status }) => breaker !== undefined && status !== 'down')
      .map(({ id, nodeId, breaker }) => ({
        severity: 'warning',
        title: `${id} is left alone`,
        description: `It answers probes but failed request after request${breaker === 'half-open' ? '; one at a time is tried now' : ''}.`,
        fix: { text: 'Look at what requests failed with, and at the log of the server.', command: 'oar traces --status failed' },
        nodeId,
        data: { backend: id, breaker: breaker ?? '' },
      })),
};
