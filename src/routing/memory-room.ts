/** How much memory a backend's machine has left for models, as far as somebody has measured it. Pure. */
import type { BackendState, FleetView, Gpu } from '../core/fleet.ts';
import type { NodeState } from '../core/node.ts';
import { restOf } from '../util/left-alone.ts';
import { whyNoWork } from '../util/takes-work.ts';

const mib = 1024 ** 2;
/** With less than this share left, memory is short. */
const shortShare = 0.2;

export function nodeOf(backend: BackendState, fleet: FleetView): NodeState | undefined {
  return fleet.nodes.find((node) => node.id === backend.nodeId);
}

/** Null when nobody has measured it. */
export function memoryIsShort(backend: BackendState, fleet: FleetView): boolean | null {
  const node = nodeOf(backend, fleet);
  if (node?.report == null) return null;
  const { memory, gpus } = node.report;
  if (memory.pressure !== 'normal' || memory.availableBytes < shortShare * memory.totalBytes) return true;
  const { freeMb, totalMb } = ownMemory(gpus);
  return totalMb > 0 && freeMb < shortShare * totalMb;
}

/** What a model that is loaded there next may take: of the GPUs where they have memory of their own, else of the machine; undefined when nobody has measured it. */
export function freeForModels(backend: BackendState, fleet: FleetView): number | undefined {
  const report = nodeOf(backend, fleet)?.report;
  if (report == null) return undefined;
  const { freeMb, totalMb } = ownMemory(report.gpus);
  const free = totalMb > 0 ? freeMb * mib : report.memory.availableBytes;
  const ceiling = report.capacity?.ceilingBytes;
  return ceiling === undefined ? free : Math.min(free, Math.max(0, ceiling - residentBytes(backend)));
}

/** May a model be brought there: is its machine there, with memory, left to the fleet by its owner, and has the model not failed there? */
export function takesModel(backend: BackendState, model: string, fleet: FleetView): boolean {
  if (backend.status !== 'up' || backend.breaker !== undefined || restOf(backend, model) !== undefined) return false;
  const node = nodeOf(backend, fleet);
  return whyNoWork(node, backend, model) === null && node?.report?.memory.pressure !== 'warn';
}

export function residentBytes({ report }: BackendState): number {
  return (report?.resident ?? []).reduce((sum, one) => sum + (one.vramBytes ?? one.sizeBytes ?? 0), 0);
}

function ownMemory(gpus: readonly Gpu[]): { readonly freeMb: number; readonly totalMb: number } {
  let freeMb = 0;
  let totalMb = 0;
  for (const gpu of gpus) {
    if (gpu.unified === true || gpu.vramTotalMb === undefined || gpu.vramFreeMb === undefined) continue;
    freeMb += gpu.vramFreeMb;
    totalMb += gpu.vramTotalMb;
  }
  return { freeMb, totalMb };
}
