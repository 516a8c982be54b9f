/** What the live views of the fleet are made from, as it is now. Types only. */
import type { Finding } from '../core/finding.ts';
import type { BackendState, FleetView, GpuSnapshot } from '../core/fleet.ts';
import type { Load } from '../routing/routing.ts';
import type { PlaceFigure } from '../telemetry/telemetry.ts';

export interface LiveNow {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly version: string;
  /** The router's own machine, whose GPUs the fleet's view holds. */
  readonly ownNodeId: string;
  readonly fleet: FleetView;
  readonly gpu: GpuSnapshot | null;
  readonly load: Load;
  /** By backend, then by model. */
  readonly places: ReadonlyMap<string, ReadonlyMap<string, PlaceFigure>>;
  /** Turned away before any backend saw them, by the name they asked for. */
  readonly rejected: ReadonlyMap<string, number>;
  /** What the checks said last; null: nothing yet. */
  readonly findings: readonly Finding[] | null;
  /** How many requests may wait. */
  readonly mostQueued: number;
  /** How many of this model the backend runs at once. */
  slots(backend: BackendState, modelKey: string): number;
  /** Since when requests wait for this model to be in memory, epoch milliseconds; undefined: none does. */
  loadingSince(backendId: string, model: string): number | undefined;
  tokensPerSecond(backendId?: string, model?: string): number;
}
