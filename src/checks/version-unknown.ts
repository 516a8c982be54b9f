/** Check `version_unknown`: an agent that does not tell its version. */
import type { Check } from './check.ts';

export const check: Check = {
  id: 'version_unknown',
  run: ({ fleet, version }) =>
    fleet.nodes
      .filter(({ source, status, report }) => source === 'agent' && status !== 'offline' && report !== null && report.agentVersion === undefined)
      .map(({ id }) => ({
        severity: 'info',
        title: `${id} does not tell its version`,
        description: 'Its agent is of an older system, which knows neither GPUs nor sizes of models on disk.',
        fix: { text: 'Run the agent of this router there.', command: 'oar node' },
        nodeId: id,
        data: { router: version },
      })),
};
