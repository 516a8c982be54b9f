/** Tells whether the GPU is busy with work that this router did not start (`gpu.maxGpuUtilizationPct`). */
import type { FleetView } from '../core/fleet.ts';
import type { Load } from '../routing/routing.ts';

/** A reading taken while our own work ran, or this soon after, says nothing about others. */
const settleMs = 1500;

/**
 * True only for a reading above the limit that was taken while nothing of ours was running: our own work is meant to use the
 * GPU fully. `maxPct` 100 turns it off.
 */
export function createForeignLoad(maxPct: number, fleet: () => FleetView, load: () => Load, now: () => number): { busy(): boolean; workEnded(): void } {
  let lastOwnWorkAt = Number.NEGATIVE_INFINITY;
  return {
    busy() {
      if (maxPct >= 100) return false;
      const snapshot = fleet().gpu;
      if (snapshot === null) return false;
      if (load().totalRunning > 0) {
        lastOwnWorkAt = now();
        return false;
      }
      if (snapshot.takenAt < lastOwnWorkAt + settleMs) return false;
      return snapshot.gpus.some((gpu) => gpu.utilizationPct !== undefined && gpu.utilizationPct > maxPct);
    },
    workEnded() {
      lastOwnWorkAt = now();
    },
  };
}
