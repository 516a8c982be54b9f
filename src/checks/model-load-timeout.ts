/** Check `model_load_timeout`: a model whose tries fail after minutes. */
import type { Check } from './check.ts';
import { attemptsBy } from './recent-attempts.ts';
import { counted, duration } from './words.ts';

const longMs = 120_000;
const times = 3;

export const check: Check = {
  id: 'model_load_timeout',
  run(view) {
    const failed = attemptsBy(view, ({ model }) => model, ({ error, endedMs }) => error !== undefined && error !== 'cancelled' && endedMs > longMs);
    return [...failed].filter(([, { all }]) => all.length >= times).map(([model, { all, lastHour }]) => ({
      severity: lastHour === 0 ? ('info' as const) : ('warning' as const),
      title: lastHour === 0 ? `${model} failed after long waits` : `${model} does not load in time`,
      description: `${counted(all.length, 'try', 'tries')} of ${model} failed after more than ${duration(longMs)} in 24 hours, ${lastHour === 0 ? 'none' : lastHour} in the last hour.`,
      fix: { text: `Pin ${model} where it fits so that it stays loaded, or look whether the machine has the memory for it.`, action: { label: `Pin ${model}`, method: 'POST' as const, path: '/dashboard/api/pinned-models', body: { node_id: nodeOf(all), model, pinned: true } } },
      data: { failures: all.length, lastHour, model },
    }));
  },
};

function nodeOf(attempts: readonly { readonly nodeId?: string; readonly backendId: string }[]): string {
  const last = attempts[0];
  return last?.nodeId ?? last?.backendId ?? '';
}
