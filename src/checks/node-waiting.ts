/** Check `node_waiting`: a machine that asks to join and that nobody has approved. */
import type { Check } from './check.ts';

export const check: Check = {
  id: 'node_waiting',
  run: ({ fleet }) =>
    fleet.nodes
      .filter(({ status }) => status === 'waiting')
      .map(({ id, address }) => ({
        severity: 'info',
        title: `${id} asks to join`,
        description: `It reports from ${address ?? 'an unknown address'} and gets no prompt until somebody approves it.`,
        fix: {
          text: 'Approve it if it is yours.',
          command: `oar nodes approve ${id}`,
          action: { label: `Approve ${id}`, method: 'POST', path: `/fleet/nodes/${encodeURIComponent(id)}/approve` },
        },
        nodeId: id,
        data: { address: address ?? '' },
      })),
};
