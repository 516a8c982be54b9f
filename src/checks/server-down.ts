/** Check `server_down`: an inference server that is dead while its machine lives. */
import type { Check } from './check.ts';

export const check: Check = {
  id: 'server_down',
  run: ({ fleet }) =>
    fleet.backends.flatMap(({ id, kind, status, problem, nodeId, url }) => {
      const node = fleet.nodes.find((one) => one.id === nodeId);
      // Where the whole machine is gone, that is what is told; where it has said goodbye, nothing is.
      if (status !== 'down' || (node?.source === 'agent' && (node.status !== 'online' || node.report?.draining === true))) return [];
      return {
        severity: 'critical',
        title: `${id} does not answer`,
        description: `${problem ?? 'It cannot be reached.'} (${kind} at ${url})${node?.source === 'agent' ? ` Its machine ${nodeId} is online.` : ''}`,
        fix: kind === 'ollama' ? { text: 'Start Ollama there; with `oar node --start-ollama` the agent does it by itself.', command: 'ollama serve' } : { text: 'Start the server there, or take it from the configuration.' },
        nodeId,
        data: { backend: id, url },
      };
    }),
};
