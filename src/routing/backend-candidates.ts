/** Turns a model into the backends that could serve it. */
import type { BackendState, FleetView } from '../core/fleet.ts';
import type { Candidate } from '../core/placement.ts';
import { listingsOf } from './listings.ts';
import { perView } from './per-view.ts';
import type { RoutingTable } from './routing.ts';

/**
 * Backends that list the model, in the fleet's order, asked with the name each lists it under; those that are down only
 * when no other has it. A model that nobody lists may be on a backend that was not asked yet and, when it is configured,
 * on any Ollama: its own 404 moves the request on.
 */
export function candidatesFor(key: string, table: RoutingTable, fleet: FleetView): readonly Candidate[] {
  return listedCandidates(key, fleet)?.reachable ?? unlistedCandidates(key, table, fleet);
}

function unlistedCandidates(key: string, table: RoutingTable, fleet: FleetView): readonly Candidate[] {
  const spec = table.specs.get(key);
  const name = spec?.name ?? key;
  return fleet.backends
    .filter((backend) => backend.status !== 'down' && ((spec !== undefined && backend.kind === 'ollama') || backend.report === null))
    .map((backend) => candidateOn(backend, name, key));
}

interface Listed {
  readonly all: readonly Candidate[];
  /** Those that are not down; all when all are. */
  readonly reachable: readonly Candidate[];
}

/** Null when nobody lists it. */
const listedCandidates = perView((key, fleet): Listed | null => {
  const listings = listingsOf(key, fleet);
  if (listings.length === 0) return null;
  const all = listings.map((one) => candidateOn(one.backend, one.model.name, key));
  const reachable = all.filter((_, index) => listings[index]?.backend.status !== 'down');
  return { all, reachable: reachable.length === 0 || reachable.length === all.length ? all : reachable };
});

/**
 * Where a request for these models may wait, in the models' order: those that are down as well, since one may come back
 * before another has a free slot. Of the wanted backend alone when there is one (ruling 9).
 */
export function candidatesForAll(keys: readonly string[], table: RoutingTable, fleet: FleetView, wantedBackend?: string): readonly Candidate[] {
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) return onlyBackend(waitingPlaces(only, table, fleet), wantedBackend);
  return onlyBackend([...new Set(keys)].flatMap((key) => waitingPlaces(key, table, fleet)), wantedBackend);
}

function waitingPlaces(key: string, table: RoutingTable, fleet: FleetView): readonly Candidate[] {
  return listedCandidates(key, fleet)?.all ?? unlistedCandidates(key, table, fleet);
}

export function onlyBackend(candidates: readonly Candidate[], wantedBackend: string | undefined): readonly Candidate[] {
  return wantedBackend === undefined ? candidates : candidates.filter((candidate) => candidate.backendId === wantedBackend);
}

function candidateOn(backend: BackendState, model: string, key: string): Candidate {
  return { backendId: backend.id, nodeId: backend.nodeId, model, modelKey: key };
}
