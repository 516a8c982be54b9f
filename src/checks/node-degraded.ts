/** Check `node_degraded`: a machine whose reports stay out. */
import type { Check } from './check.ts';
import { duration } from './words.ts';

export const check: Check = {
  id: 'node_degraded',
  run: ({ fleet, at }) =>
    fleet.nodes
      // One that has said goodbye is silent on purpose.
      .filter(({ source, status, draining }) => source === 'agent' && status === 'degraded' && !draining)
      .map(({ id, heardAt }) => ({
        severity: 'warning',
        title: `${id} is hard to reach`,
        description: heardAt === null ? 'It has never reported.' : `Its last report came ${duration(at - heardAt)} ago, or a request failed there.`,
        fix: { text: 'Look at its load and its network. It is still used, and counts as offline when it stays silent.', command: 'oar nodes' },
        nodeId: id,
        data: { silentMs: heardAt === null ? 0 : at - heardAt },
      })),
};
