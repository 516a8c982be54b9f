/** Check `node_offline`: a machine with an agent that is not heard of any more. */
import type { Check } from './check.ts';
import { duration } from './words.ts';

export const check: Check = {
  id: 'node_offline',
  run: ({ fleet, at }) =>
    fleet.nodes
      .filter(({ source, status, draining }) => source === 'agent' && status === 'offline' && !draining)
      .map(({ id, heardAt }) => ({
        severity: 'critical',
        title: `${id} is offline`,
        description: heardAt === null ? 'It has never reported.' : `Its last report came ${duration(at - heardAt)} ago.`,
        fix: {
          text: 'Start its agent again and look at its network; or take it from the list if it is gone for good.',
          command: 'oar node',
          action: { label: `Remove ${id}`, method: 'POST', path: `/fleet/nodes/${encodeURIComponent(id)}/remove` },
        },
        nodeId: id,
        data: { silentMs: heardAt === null ? 0 : at - heardAt },
      })),
};
