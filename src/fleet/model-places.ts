/** Decides which backends manage a model (ruling 15). Pure. */
import { RouterError } from '../core/errors.ts';
import type { BackendState, FleetView } from '../core/fleet.ts';
import type { ModelRequest, ModelTargets } from './fleet.ts';
import { ollamaModelKey } from './model-name.ts';
import { mostRoom, roomOn } from './model-room.ts';

export interface Places {
  readonly backendIds: readonly string[];
  /** For people, in ASCII. */
  readonly reason: string;
}

/** What the fleet's view does not tell. */
export interface PlaceFacts {
  readonly localNodeId: string;
  /** Did it get this model a moment ago, so that no list shows it yet? */
  readonly justGot: (backendId: string, model: string) => boolean;
  /** Backends that hold all the files that a new model is made from; empty: unknown. */
  readonly blobHolders: ReadonlySet<string>;
}

/** Throws `not_supported`, `unknown_model`, `no_capacity`, or `invalid_request` for names of no backend. */
export function placesFor(request: ModelRequest, fleet: FleetView, facts: PlaceFacts): Places {
  const pool = managed(fleet, request.targets);
  const has = (backend: BackendState, model: string): boolean => hasModel(backend, model) || facts.justGot(backend.id, model);
  switch (request.action) {
    case 'delete':
    case 'copy':
      return all(holders(request, request.targets.kind === 'one' ? reachable(pool) : pool, has), 'have the model');
    case 'push':
      if (isMany(request.targets)) return all(holders(request, pool, has), 'have the model');
      return { backendIds: [reachableFirst(holders(request, pool, has)).id], reason: 'has the model' };
    case 'pull':
    case 'create':
      if (isMany(request.targets)) return all(pool, 'named');
      return roomiest(makers(request, reachable(pool), has, facts), fleet, facts, (backend) => has(backend, request.model));
    default:
      return request.action satisfies never;
  }
}

/** The backend that uploaded files go to: the one named, the one that took the last ones, or the one with most room. */
export function blobPlace(targets: ModelTargets, fleet: FleetView, localNodeId: string, last: string | null): Places {
  const pool = reachable(managed(fleet, targets));
  if (pool.some((backend) => backend.id === last)) return { backendIds: [last ?? ''], reason: 'took the files before' };
  return roomiest(pool, fleet, { localNodeId }, () => false);
}

/** One of them, for what any can tell. */
export function anyPlace(targets: ModelTargets, fleet: FleetView): Places {
  return { backendIds: [reachableFirst(managed(fleet, targets)).id], reason: 'one of those that can tell' };
}

/** Those that may take part, in the fleet's order. */
function managed(fleet: FleetView, targets: ModelTargets): readonly BackendState[] {
  const able = fleet.backends.filter(isManaged);
  if (able.length === 0) throw new RouterError('not_supported', 'Models can be managed on Ollama backends only, and this router has none. Manage them on the servers themselves.');
  if (targets.kind === 'choice' || targets.kind === 'all') return able;
  const names = targets.kind === 'one' ? [targets.name] : targets.names;
  const wanted = new Set(names.flatMap((name) => named(name, fleet, targets.param)));
  return able.filter((backend) => wanted.has(backend));
}

/** A backend's id, else all managed backends of a node. */
function named(name: string, fleet: FleetView, param: string): readonly BackendState[] {
  const byId = fleet.backends.filter((backend) => backend.id === name);
  const found = byId.length > 0 ? byId : fleet.backends.filter((backend) => backend.nodeId === name);
  const able = found.filter(isManaged);
  if (able.length > 0) return able;
  if (found.length > 0) throw new RouterError('not_supported', `Backend ${name} is no Ollama: its models are managed on the server itself.`, { param });
  const message = `There is no backend ${name}. Name one of ${fleet.backends.filter(isManaged).map((backend) => backend.id).join(', ')}.`;
  // A wanted backend is strict: that one or 503 (ruling 9).
  throw param === 'X-OAR-Backend' ? new RouterError('no_capacity', message) : new RouterError('invalid_request', message, { param });
}

function isManaged(backend: BackendState): boolean {
  return backend.kind === 'ollama';
}

function isMany({ kind }: ModelTargets): boolean {
  return kind === 'all' || kind === 'several';
}

function hasModel(backend: BackendState, model: string): boolean {
  const key = ollamaModelKey(model);
  return backend.report?.models.some((one) => ollamaModelKey(one.name) === key) ?? false;
}

type Has = (backend: BackendState, model: string) => boolean;

/** Those of the pool that have it. Who is named knows better than a list, except that a node may have several backends. */
function holders({ model, targets }: ModelRequest, pool: readonly BackendState[], has: Has): readonly BackendState[] {
  if (targets.kind === 'several') return pool;
  const having = pool.filter((backend) => has(backend, model));
  if (having.length > 0) return having;
  if (targets.kind === 'one') return pool;
  throw new RouterError('unknown_model', `model '${model}' not found`, { param: 'model' });
}

/** Those that have what the new model is made from; all when none has, since Ollama fetches what it lacks. */
function makers(request: ModelRequest, pool: readonly BackendState[], has: Has, { blobHolders }: PlaceFacts): readonly BackendState[] {
  const { from } = request;
  const withBlobs = orAll(pool, (backend) => blobHolders.has(backend.id));
  return from === undefined ? withBlobs : orAll(withBlobs, (backend) => has(backend, from));
}

function orAll<Item>(items: readonly Item[], holds: (item: Item) => boolean): readonly Item[] {
  const some = items.filter(holds);
  return some.length > 0 ? some : items;
}

function reachable(pool: readonly BackendState[]): readonly BackendState[] {
  const found = pool.filter((backend) => backend.status !== 'down');
  if (found.length > 0) return found;
  throw new RouterError('no_capacity', `No backend can take it: ${pool.map(({ id, problem }) => `${id} is down (${problem ?? 'it does not answer'})`).join('; ')}`);
}

function reachableFirst(backends: readonly BackendState[]): BackendState {
  const [first] = [...reachable(backends)].sort((a, b) => b.priority - a.priority);
  return first as BackendState;
}

function all(backends: readonly BackendState[], reason: string): Places {
  return { backendIds: backends.map((backend) => backend.id), reason };
}

function roomiest(pool: readonly BackendState[], fleet: FleetView, { localNodeId }: Pick<PlaceFacts, 'localNodeId'>, has: (backend: BackendState) => boolean): Places {
  const choice = mostRoom(pool.map((backend) => roomOn(backend, fleet, localNodeId, has(backend))));
  if (choice === null) throw new RouterError('no_capacity', 'No backend can take it now.');
  return { backendIds: [choice.backendId], reason: choice.reason };
}
