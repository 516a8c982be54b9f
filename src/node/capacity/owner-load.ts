/** From two looks at the machine: what its owner's programs took between them, inference left out. Pure. */
import { inferencePids, type ProcessRow } from './process-table.ts';

/** One look. */
export interface MachineLook {
  readonly at: number;
  /** Processor time of all cores together since the start, and the part of it that was not idle. */
  readonly totalMs: number;
  readonly busyMs: number;
  /** Null: this system does not tell. */
  readonly processes: readonly ProcessRow[] | null;
  /** Bytes in and out since the start; absent: not told. */
  readonly networkBytes?: number;
}

export interface OwnerTook {
  /** Absent: inference ran, and cannot be told from the owner's work. */
  readonly cpuPct?: number;
  readonly networkBytesPerSecond?: number;
  /** Main memory that inference holds. */
  readonly inferenceBytes: number;
  readonly inferring: boolean;
  readonly inferencePids: ReadonlySet<number>;
}

/** A server at rest takes less than this of one core. */
const restingShare = 0.05;

/** `relayed`: runs that went through the agent in between. `ownPids`: the agent's own process. Null: the looks do not belong together. */
export function ownerTook(before: MachineLook, after: MachineLook, relayed: number, ownPids: readonly number[]): OwnerTook | null {
  const [elapsedMs, totalMs, busyMs] = [after.at - before.at, after.totalMs - before.totalMs, after.busyMs - before.busyMs];
  if (elapsedMs <= 0 || totalMs <= 0 || busyMs < 0) return null;
  const network = after.networkBytes === undefined || before.networkBytes === undefined ? -1 : after.networkBytes - before.networkBytes;
  const told = { ...(network < 0 ? {} : { networkBytesPerSecond: (network * 1000) / elapsedMs }) };
  const rows = after.processes ?? [];
  const pids = inferencePids(rows, ownPids);
  const own = rows.filter(({ pid }) => pids.has(pid));
  const ownMs = own.reduce((sum, row) => sum + taken(row, before, elapsedMs), 0);
  const serverMs = own.filter(({ pid }) => !ownPids.includes(pid)).reduce((sum, row) => sum + taken(row, before, elapsedMs), 0);
  const inferring = relayed > 0 || serverMs > restingShare * elapsedMs;
  const toldApart = before.processes !== null && after.processes !== null && own.some(({ pid }) => !ownPids.includes(pid));
  return {
    ...(relayed > 0 && !toldApart ? {} : { cpuPct: Math.min(100, (100 * Math.max(0, busyMs - ownMs)) / totalMs) }),
    ...told,
    inferenceBytes: own.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    inferring,
    inferencePids: pids,
  };
}

/** A process that was not there before took all its time in between, but no more than there was on every core. */
function taken(row: ProcessRow, before: MachineLook, elapsedMs: number): number {
  const earlier = before.processes?.find(({ pid, startedAt }) => pid === row.pid && startedAt === row.startedAt);
  if (before.processes === null) return 0;
  return earlier === undefined ? Math.min(row.cpuMs, elapsedMs * 256) : Math.max(0, row.cpuMs - earlier.cpuMs);
}
