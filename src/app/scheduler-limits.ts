/** The scheduler's limits, read from the configuration and the present fleet. */
import type { BackendState, FleetView } from '../core/fleet.ts';
import type { Candidate } from '../core/placement.ts';
import type { RoutingTable, SchedulerLimits } from '../routing/routing.ts';
import { modelKey } from '../util/model-name.ts';

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

export function schedulerLimits(sources: LimitSources): SchedulerLimits {
  return {
    ...sources.queue,
    agingPointsPerSecond: 1,
    slots: (candidate) => slotsOf(sources.table(), backendOf(sources.fleet(), candidate.backendId), candidate.modelKey),
    exclusive: (key) => sources.table().specs.get(key)?.exclusive ?? false,
    available: (candidate) => backendOf(sources.fleet(), candidate.backendId)?.status !== 'down' && !sources.gpuBusyElsewhere(),
    place: sources.place,
  };
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
  const having = fleet.backends.filter((backend) => backend.status !== 'down' && backend.report?.models.some((model) => modelKey(model.name) === key));
  if (having.length === 0) return slotsOf(table, undefined, key);
  return having.reduce((sum, backend) => sum + slotsOf(table, backend, key), 0);
}

export function backendOf(fleet: FleetView, id: Candidate['backendId']): BackendState | undefined {
  return fleet.backends.find((backend) => backend.id === id);
}
