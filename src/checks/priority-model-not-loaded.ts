/** Check `priority_model_not_loaded`: a pinned model that is on disk and not in memory. */
import { sameModel } from '../util/model-name.ts';
import type { Check, HealthView } from './check.ts';

type Place = HealthView['fleet']['backends'][number];

export const check: Check = {
  id: 'priority_model_not_loaded',
  run: ({ fleet, pinned }) =>
    pinned.flatMap(({ model, nodeId }) => {
      const having = fleet.backends.filter((place) => place.status === 'up' && (nodeId === undefined || place.nodeId === nodeId) && lists(place, model));
      const [first] = having;
      if (first === undefined || having.some((place) => holds(place, model))) return [];
      return {
        severity: 'warning',
        title: `${model} is pinned and not loaded`,
        description: `It is on the disk of ${having.map((place) => place.nodeId).join(', ')} and in memory nowhere.`,
        fix: { text: 'Make room for it, or unpin it.', action: { label: `Unpin ${model}`, method: 'POST', path: '/dashboard/api/pinned-models', body: { node_id: first.nodeId, model, pinned: false } } },
        nodeId: first.nodeId,
        data: { model },
      };
    }),
};

function lists({ report }: Place, model: string): boolean {
  return report?.models.some((one) => sameModel(one.name, model)) ?? false;
}

/** A server that cannot say what it holds is believed to hold it. */
function holds({ report }: Place, model: string): boolean {
  return report?.resident == null || report.resident.some((one) => sameModel(one.name, model));
}
