/** Check `version_mismatch`: an agent of another version than the router. */
import type { Check } from './check.ts';

export const check: Check = {
  id: 'version_mismatch',
  run: ({ fleet, version }) =>
    fleet.nodes.flatMap(({ id, source, report }) => {
      const theirs = report?.agentVersion;
      if (source !== 'agent' || theirs === undefined || theirs === version) return [];
      return {
        severity: 'warning',
        title: `${id} runs another version`,
        description: `Its agent is ${theirs}, the router ${version}.`,
        fix: { text: 'Bring both to the same version, then start the agent again.', command: 'npm install -g ollama-agent-router && oar node' },
        nodeId: id,
        data: { agent: theirs, router: version },
      };
    }),
};
