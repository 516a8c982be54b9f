/** What the machines of a fleet view report, as placement needs it; worked out once for each view. */
import type { FleetView, Gpu } from '../core/fleet.ts';
import type { NodeReport } from '../core/node.ts';
import type { MachineView } from '../signals/signal.ts';
import { modelKey } from '../util/model-name.ts';

/** A model in the memory of a machine. */
export interface HeldModel {
  readonly backendId: string;
  readonly modelKey: string;
  readonly bytes: number;
}

export interface MachineFacts {
  /** Null when nothing on it reports. */
  readonly machine: MachineView | null;
  readonly held: readonly HeldModel[];
}

export function machineFacts(nodeId: string, fleet: FleetView): MachineFacts {
  const known = views.get(fleet) ?? new Map<string, MachineFacts>();
  views.set(fleet, known);
  const before = known.get(nodeId);
  if (before !== undefined) return before;
  const node = fleet.nodes.find((one) => one.id === nodeId);
  const held = heldOn(nodeId, fleet);
  const facts = { machine: node?.report ? machineOf(node.report, held, fleet) : null, held };
  known.set(nodeId, facts);
  return facts;
}

const views = new WeakMap<FleetView, Map<string, MachineFacts>>();

function heldOn(nodeId: string, fleet: FleetView): readonly HeldModel[] {
  return fleet.backends
    .filter((backend) => backend.nodeId === nodeId)
    .flatMap((backend) => (backend.report?.resident ?? []).map((one) => ({ backendId: backend.id, modelKey: modelKey(one.name), bytes: one.sizeBytes ?? one.vramBytes ?? 0 })));
}

function machineOf({ memory, gpus, memoryBandwidthGbps: bandwidthGbps, capacity }: NodeReport, held: readonly HeldModel[], fleet: FleetView): MachineView {
  const own = gpus.filter((gpu) => gpu.unified !== true && (gpu.vramTotalMb ?? 0) > 0);
  const middle = middleBandwidth(fleet);
  const freeBytes = own.length === 0 ? memory.availableBytes : freeOn(own);
  return {
    totalBytes: memory.totalBytes,
    pressure: memory.pressure,
    ...(freeBytes === undefined ? {} : { freeBytes }),
    ...(own.length === 0 ? {} : { besideBytes: memory.availableBytes }),
    ...(capacity?.ceilingBytes === undefined ? {} : { ceilingBytes: capacity.ceilingBytes }),
    residentBytes: held.reduce((sum, { bytes }) => sum + bytes, 0),
    ...(bandwidthGbps === undefined ? {} : { bandwidthGbps }),
    ...(bandwidthGbps === undefined || middle === null || middle <= 0 ? {} : { bandwidthRatio: bandwidthGbps / middle }),
    ...(capacity === undefined ? {} : { capacity }),
  };
}

/** A large model is spread over all of them. Undefined when one does not say. */
function freeOn(gpus: readonly Gpu[]): number | undefined {
  let freeMb = 0;
  for (const { vramFreeMb, vramTotalMb, vramUsedMb } of gpus) {
    const free = vramFreeMb ?? (vramTotalMb === undefined || vramUsedMb === undefined ? undefined : Math.max(0, vramTotalMb - vramUsedMb));
    if (free === undefined) return undefined;
    freeMb += free;
  }
  return freeMb * 2 ** 20;
}

const middles = new WeakMap<FleetView, { readonly gbps: number | null }>();

/** The median over the machines that take part and know theirs; null: none does. */
function middleBandwidth(fleet: FleetView): number | null {
  const before = middles.get(fleet);
  if (before !== undefined) return before.gbps;
  const all = fleet.nodes
    .flatMap((node) => (node.status === 'offline' || node.status === 'waiting' ? [] : (node.report?.memoryBandwidthGbps ?? [])))
    .toSorted((a, b) => a - b);
  const half = Math.floor(all.length / 2);
  const [low = 0, high = 0] = all.length % 2 === 0 ? [all[half - 1], all[half]] : [all[half], all[half]];
  const gbps = all.length === 0 ? null : (low + high) / 2;
  middles.set(fleet, { gbps });
  return gbps;
}
