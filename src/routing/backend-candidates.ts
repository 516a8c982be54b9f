/** Turns a model into the backends that could serve it. */
import type { BackendState, FleetView } from '../core/fleet.ts';
import type { Candidate } from '../core/placement.ts';
import { listingsOf } from './listings.ts';
import type { RoutingTable } from './routing.ts';

/**
 * Backends that list the model, in the fleet's order, asked with the name each lists it under. Those that are down are
 * given only when no other has it, so that a request can wait for one to come back. A model that nobody lists may be on
 * a backend that was not asked yet and, when it is configured, on any Ollama: its own 404 moves the request on.
 */
export function candidatesFor(key: string, table: RoutingTable, fleet: FleetView): readonly Candidate[] {
  const listed = listedCandidates(key, fleet);
  if (listed.length > 0) return listed;
  const spec = table.specs.get(key);
  const name = spec?.name ?? key;
  return fleet.backends
    .filter((backend) => backend.status !== 'down' && ((spec !== undefined && backend.kind === 'ollama') || backend.report === null))
    .map((backend) => candidateOn(backend, name, key));
}

/** What is listed depends on the view alone, and a view serves many requests. */
const known = new WeakMap<FleetView, Map<string, readonly Candidate[]>>();

function listedCandidates(key: string, fleet: FleetView): readonly Candidate[] {
  let byKey = known.get(fleet);
  if (byKey === undefined) {
    byKey = new Map();
    known.set(fleet, byKey);
  }
  const before = byKey.get(key);
  if (before !== undefined) return before;
  const listed = listingsOf(key, fleet);
  const reachable = listed.filter((one) => one.backend.status !== 'down');
  const candidates = (reachable.length > 0 ? reachable : listed).map((one) => candidateOn(one.backend, one.model.name, key));
  // Names that callers make up must not grow it.
  if (candidates.length > 0) byKey.set(key, candidates);
  return candidates;
}

/** The candidates of several models, in the models' order; of the wanted backend alone when there is one (ruling 9). */
export function candidatesForAll(keys: readonly string[], table: RoutingTable, fleet: FleetView, wantedBackend?: string): readonly Candidate[] {
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) return onlyBackend(candidatesFor(only, table, fleet), wantedBackend);
  return onlyBackend([...new Set(keys)].flatMap((key) => candidatesFor(key, table, fleet)), wantedBackend);
}

export function onlyBackend(candidates: readonly Candidate[], wantedBackend: string | undefined): readonly Candidate[] {
  return wantedBackend === undefined ? candidates : candidates.filter((candidate) => candidate.backendId === wantedBackend);
}

function candidateOn(backend: BackendState, model: string, key: string): Candidate {
  return { backendId: backend.id, nodeId: backend.nodeId, model, modelKey: key };
}
