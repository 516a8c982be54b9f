/** Which models and routes hold now: the file's, or the role table over what the backends list (ruling 4). */
import type { FleetView, Model } from '../core/fleet.ts';
import type { ModelSpec, RoutingTable } from '../routing/routing.ts';
import { tableFromModels } from '../routing/roles.ts';
import { modelKey } from '../util/model-name.ts';

/** The table of a configuration that names models; null when it names none. */
export function tableFromFile(models: readonly ModelSpec[], routes: Readonly<Record<string, readonly string[]>>): RoutingTable | null {
  if (models.length === 0) return null;
  return {
    specs: new Map(models.map((spec) => [modelKey(spec.name), spec])),
    routes: new Map(Object.entries(routes).map(([task, names]) => [task, names.map(modelKey)])),
    fromFile: true,
  };
}

/** Follows the fleet: the table is made again only when a backend lists something else. */
export function followFleet(fileTable: RoutingTable | null, view: () => FleetView): () => RoutingTable {
  if (fileTable !== null) return () => fileTable;
  let seen: FleetView | null = null;
  let reports: readonly unknown[] = [];
  let table = tableFromModels([]);
  return () => {
    const now = view();
    if (now === seen) return table;
    seen = now;
    // A view is new with each lesson learned; the table only follows what the backends list.
    const listed = now.backends.map((backend) => backend.report?.models);
    if (listed.length !== reports.length || listed.some((models, index) => models !== reports[index])) {
      reports = listed;
      table = tableFromModels(listedModels(now));
    }
    return table;
  };
}

function listedModels(view: FleetView): Model[] {
  const byKey = new Map<string, Model>();
  for (const backend of view.backends) {
    for (const model of backend.report?.models ?? []) {
      if (!byKey.has(modelKey(model.name))) byKey.set(modelKey(model.name), model);
    }
  }
  return [...byKey.values()];
}
