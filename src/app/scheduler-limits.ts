/** The scheduler's limits, read from the configuration and the present fleet. */
import type { BackendState, FleetView } from '../core/fleet.ts';
import type { Candidate } from '../core/placement.ts';
import { listingsOf } from '../routing/listings.ts';
import type { RoutingTable, SchedulerLimits } from '../routing/routing.ts';
import { isOut, restOf } from '../util/left-alone.ts';
import { modelKey } from '../util/model-name.ts';
import { whyNoWork } from '../util/takes-work.ts';

/** What a model may run at once on a backend when nobody says (ruling 6). */
const defaultConcurrency = 4;

export interface LimitSources {
  readonly queue: { readonly globalMaxConcurrent: number | null; readonly globalMaxQueued: number; readonly perUserMaxQueued: number | null };
  readonly table: () => RoutingTable;
  readonly fleet: () => FleetView;
  /** Is the GPU busy with work that is not ours? Then nothing new starts on this machine. */
  readonly gpuBusyElsewhere: () => boolean;
  readonly place: SchedulerLimits['place'];
}

interface PlaceFacts {
  readonly slots: number;
  /** Gone, down, left alone after failures, or on a machine that takes no new work. */
  readonly out: boolean;
  readonly trial: boolean;
  readonly modelTrial: boolean;
}

export function schedulerLimits(sources: LimitSources): SchedulerLimits {
  const factsOf = factsByPlace(sources);
  return {
    ...sources.queue,
    agingPointsPerSecond: 1,
    slots: (candidate) => factsOf(candidate).slots,
    exclusive: (key) => sources.table().specs.get(key)?.exclusive ?? false,
    available: (candidate) => !factsOf(candidate).out && !sources.gpuBusyElsewhere(),
    trial: (candidate) => factsOf(candidate).trial,
    modelTrial: (candidate) => factsOf(candidate).modelTrial,
    place: sources.place,
  };
}

/** Asked several times for each request, and the same until the fleet or the table changes. */
function factsByPlace({ table, fleet }: LimitSources): (candidate: Candidate) => PlaceFacts {
  let seenFleet: FleetView | null = null;
  let seenTable: RoutingTable | null = null;
  let known = new Map<Candidate, PlaceFacts>();
  return (candidate) => {
    const view = fleet();
    const specs = table();
    if (view !== seenFleet || specs !== seenTable) {
      seenFleet = view;
      seenTable = specs;
      known = new Map();
    }
    const before = known.get(candidate);
    if (before !== undefined) return before;
    const facts = placeFacts(candidate, backendOf(view, candidate.backendId), view, specs);
    // Candidates of a view are few; those that belong to an older one are asked rarely and not kept for long.
    if (known.size < mostKnown) known.set(candidate, facts);
    return facts;
  };
}

const mostKnown = 1000;

function placeFacts({ model, modelKey: key }: Candidate, backend: BackendState | undefined, view: FleetView, specs: RoutingTable): PlaceFacts {
  const slots = slotsOf(specs, backend, key);
  if (backend === undefined) return { slots, out: true, trial: false, modelTrial: false };
  const out = isOut(backend, model) || whyNoWork(nodeOf(view, backend), backend, model) !== null;
  return { slots, out, trial: backend.breaker === 'half-open', modelTrial: restOf(backend, model) === 'half-open' };
}

/** The configuration's cap and the backend's own, whichever is smaller. */
export function slotsOf(table: RoutingTable, backend: BackendState | undefined, key: string): number {
  const told = backend?.maxConcurrent ?? backend?.report?.maxConcurrent;
  const configured = table.fromFile ? table.specs.get(key)?.maxConcurrent : undefined;
  if (configured !== undefined) return Math.min(configured, told ?? configured);
  return told ?? defaultConcurrency;
}

/** Slots of a model over all backends that list it; at least one backend's worth. */
export function concurrencyOf(table: RoutingTable, fleet: FleetView, name: string): number {
  const key = modelKey(name);
  const having = listingsOf(key, fleet).filter(({ backend }) => backend.status !== 'down');
  if (having.length === 0) return slotsOf(table, undefined, key);
  return having.reduce((sum, { backend }) => sum + slotsOf(table, backend, key), 0);
}

function nodeOf(fleet: FleetView, { nodeId }: BackendState): FleetView['nodes'][number] | undefined {
  return fleet.nodes.find((node) => node.id === nodeId);
}

export function backendOf(fleet: FleetView, id: Candidate['backendId']): BackendState | undefined {
  return fleet.backends.find((backend) => backend.id === id);
}
