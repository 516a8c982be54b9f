/** Lists the models that may serve a task, in the order in which they are considered. */
import type { FleetView } from '../core/fleet.ts';
import { modelKey } from '../util/model-name.ts';
import { neverChats } from '../util/model-abilities.ts';
import { listingsOf } from './listings.ts';
import type { ModelSpec, RoutingTable } from './routing.ts';

export interface CandidateWishes {
  readonly preferredModels: readonly string[];
  readonly forbiddenModels: readonly string[];
}

export const noWishes: CandidateWishes = { preferredModels: [], forbiddenModels: [] };

/**
 * Keys of configured models, each once: preferred ones, then the task's route (else the route of `unknown`), then every
 * model whose purpose or tags name the task. Forbidden beats preferred; unknown names and models that do not chat drop out.
 */
export function candidateModels(taskType: string, wishes: CandidateWishes, table: RoutingTable, fleet: FleetView): readonly string[] {
  const forbidden = new Set(wishes.forbiddenModels.map(modelKey));
  const catchAll = [...table.specs].filter(([, spec]) => spec.purpose.includes(taskType) || spec.tags.includes(taskType)).map(([key]) => key);
  const merged = new Set([...wishes.preferredModels.map(modelKey), ...routeOf(taskType, table), ...catchAll]);
  return [...merged].filter((key) => {
    const spec = table.specs.get(key);
    return spec !== undefined && !forbidden.has(key) && !isSilent(spec, key, fleet);
  });
}

/** Keys of the task's route. A task without one takes the route of `unknown`. */
export function routeOf(taskType: string, table: RoutingTable): readonly string[] {
  return (table.routes.get(taskType) ?? table.routes.get('unknown') ?? []).map(modelKey);
}

function isSilent(spec: ModelSpec, key: string, fleet: FleetView): boolean {
  return neverChats(listingsOf(key, fleet)[0]?.model ?? { name: spec.name });
}
