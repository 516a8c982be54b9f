/** What a written model name means among what is configured and listed. */
import type { FleetView } from '../core/fleet.ts';
import { modelIndexOf } from '../util/model-index.ts';
import { modelKey } from '../util/model-name.ts';
import { listingsOf } from './listings.ts';
import type { RoutingTable } from './routing.ts';

/** The name as configured or listed, the exact one before `name:latest`; null when there is none. */
export function exactName(asked: string, table: RoutingTable, fleet: FleetView): string | null {
  const key = modelKey(asked);
  let found = table.specs.get(key)?.name ?? null;
  if (found === asked) return found;
  for (const { model } of listingsOf(key, fleet)) {
    if (model.name === asked) return asked;
    found ??= model.name;
  }
  return found;
}

/**
 * Names that a name may mean that is none exactly: other capitals, or a llama-server's model in short; what is listed goes
 * before what is only configured. Several: it is ambiguous.
 */
export function nearNames(asked: string, table: RoutingTable, fleet: FleetView): readonly string[] {
  const listed = modelIndexOf(fleet.backends).near(asked);
  return (listed.length > 0 ? listed : configuredLike(asked, table)).map((key) => exactName(key, table, fleet) ?? key);
}

/** Without a file the table holds what is listed. */
function configuredLike(asked: string, { specs, fromFile }: RoutingTable): readonly string[] {
  const lower = modelKey(asked.toLowerCase());
  return fromFile ? [...specs.keys()].filter((key) => key.toLowerCase() === lower) : [];
}

/** Every name that is configured or listed, each model once. */
export function allNames(table: RoutingTable, fleet: FleetView): readonly string[] {
  const names = new Map([...table.specs].map(([key, spec]) => [key, spec.name]));
  for (const [key, [first]] of modelIndexOf(fleet.backends).entries()) {
    if (first !== undefined && !names.has(key)) names.set(key, first.model.name);
  }
  return [...names.values()];
}
