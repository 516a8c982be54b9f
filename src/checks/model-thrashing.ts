/** Check `model_thrashing`: long waits for models that are loaded although there is memory to keep them. */
import type { Check } from './check.ts';
import { attemptsBy } from './recent-attempts.ts';
import { counted, duration, gigabyte } from './words.ts';

const slowMs = 40_000;
const roomBytes = 4 * gigabyte;
const times = 3;

export const check: Check = {
  id: 'model_thrashing',
  run(view) {
    const slow = attemptsBy(view, ({ nodeId }) => nodeId, ({ error, firstPartMs }) => error === undefined && firstPartMs !== undefined && firstPartMs > slowMs);
    return view.fleet.nodes.flatMap(({ id, report }) => {
      const found = slow.get(id);
      if (found === undefined || found.all.length < times || (report?.memory.availableBytes ?? 0) <= roomBytes) return [];
      const models = [...new Set(found.all.map(({ model }) => model))];
      const solved = found.lastHour === 0;
      return {
        severity: solved ? 'info' : 'warning',
        title: solved ? `${id} had slow loads` : `${id} loads models again and again`,
        description: `${counted(found.all.length, 'answer')} in 24 hours began after more than ${duration(slowMs)} (${models.join(', ')}), ${solved ? 'none' : found.lastHour} in the last hour.`,
        fix: { text: 'Keep them in memory: pin them, or set a longer keep_alive, and let Ollama hold more models at once (OLLAMA_MAX_LOADED_MODELS).' },
        nodeId: id,
        data: { slow: found.all.length, lastHour: found.lastHour, models: models.join(', ') },
      };
    });
  },
};
