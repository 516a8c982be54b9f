/** Chooses the backend that has most room for a model, and says why. Pure. */
import type { BackendState, FleetView } from '../core/fleet.ts';
import { gpuTotals } from './gpu-totals.ts';

const mib = 1024 ** 2;
const gib = 1024 ** 3;

/** What is known of the room on one backend. Sizes of disks are not. */
export interface Room {
  readonly backendId: string;
  /** Has it told what it has? */
  readonly told: boolean;
  /** It needs no further room for a model that it has. */
  readonly hasModel: boolean;
  /** GPU memory that no loaded model takes; absent: unknown. */
  readonly freeBytes?: number;
  /** All its models together. */
  readonly storedBytes: number;
  readonly residentBytes: number;
  readonly priority: number;
}

export interface RoomChoice {
  readonly backendId: string;
  /** For people, in ASCII. */
  readonly reason: string;
}

/** GPU memory is known of the machine that the router runs on, `localNodeId`. */
export function roomOn(backend: BackendState, fleet: FleetView, localNodeId: string, hasModel: boolean): Room {
  const { id: backendId, report, priority } = backend;
  const freeBytes = backend.nodeId === localNodeId ? freeMemory(fleet, localNodeId) : undefined;
  return {
    backendId,
    told: report !== null,
    hasModel,
    ...(freeBytes === undefined ? {} : { freeBytes }),
    storedBytes: total(report?.models ?? []),
    residentBytes: total(report?.resident ?? []),
    priority,
  };
}

/** Null when there is none to choose from. Free memory counts where it is known of all, else what is stored; then what is loaded, priority and order. */
export function mostRoom(rooms: readonly Room[]): RoomChoice | null {
  const [only] = rooms;
  if (only === undefined) return null;
  if (rooms.length === 1) return { backendId: only.backendId, reason: 'no other can take it' };
  const having = rooms.filter((room) => room.hasModel);
  if (having.length > 0) return { ...best(having), reason: 'has it already' };
  const told = rooms.filter((room) => room.told);
  return best(told.length > 0 ? told : rooms);
}

function best(rooms: readonly Room[]): RoomChoice {
  const free = (room: Room): number => room.freeBytes ?? 0;
  const measured = rooms.every((room) => room.freeBytes !== undefined) && rooms.some((room) => free(room) !== free(rooms[0] as Room));
  const byRoom = (a: Room, b: Room): number => (measured ? free(b) - free(a) : a.storedBytes - b.storedBytes);
  const [first] = [...rooms].sort((a, b) => byRoom(a, b) || a.residentBytes - b.residentBytes || b.priority - a.priority);
  const { backendId, storedBytes } = first as Room;
  const reason = measured ? `most free GPU memory, ${inGib(free(first as Room))} GiB` : `least stored, ${inGib(storedBytes)} GiB of models`;
  return { backendId, reason };
}

/** A measurement has the loaded models taken off already, a configured size has not. */
function freeMemory(fleet: FleetView, localNodeId: string): number | undefined {
  const { vramFreeMb, vramTotalMb } = gpuTotals(fleet.gpu);
  if (fleet.gpu?.provider !== 'static') return vramFreeMb === undefined ? undefined : vramFreeMb * mib;
  if (vramTotalMb === undefined) return undefined;
  const resident = fleet.backends.filter((backend) => backend.nodeId === localNodeId).flatMap((backend) => backend.report?.resident ?? []);
  return vramTotalMb * mib - resident.reduce((sum, one) => sum + (one.vramBytes ?? one.sizeBytes ?? 0), 0);
}

function total(models: readonly { readonly sizeBytes?: number }[]): number {
  return models.reduce((sum, model) => sum + (model.sizeBytes ?? 0), 0);
}

function inGib(bytes: number): string {
  return (bytes / gib).toFixed(1);
}
