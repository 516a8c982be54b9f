/** Check `model_evictions`: useful models push each other out of memory. */
import type { Check } from './check.ts';
import { counted, hourMs } from './words.ts';

const times = 3;
/** A server that had it in memory tells less. */
const loadMs = 500;

export const check: Check = {
  id: 'model_evictions',
  run({ recent, at }) {
    const byNode = new Map<string, Map<string, number>>();
    for (const { nodeId, servedModel, usage, receivedAt, totalMs } of recent) {
      if (nodeId === undefined || servedModel === undefined || (usage.loadMs ?? 0) < loadMs || receivedAt + totalMs < at - hourMs) continue;
      const loads = byNode.get(nodeId) ?? new Map<string, number>();
      byNode.set(nodeId, loads.set(servedModel, (loads.get(servedModel) ?? 0) + 1));
    }
    return [...byNode].flatMap(([nodeId, loads]) => {
      const often = [...loads].filter(([, count]) => count >= times);
      if (often.length === 0) return [];
      const models = often.map(([model]) => model).join(', ');
      const count = often.reduce((sum, [, one]) => sum + one, 0);
      return {
        severity: 'warning',
        title: `Models push each other out on ${nodeId}`,
        description: `${models} ${often.length === 1 ? 'was' : 'were'} loaded ${counted(count, 'time')} in the last hour.`,
        fix: { text: 'Put one of them on another machine, pin the one that matters, or use a smaller quantization or context so that they fit side by side.' },
        nodeId,
        data: { loads: count, models },
      };
    });
  },
};
