/** Signal `role-affinity`: points for a large model on a big machine, and a small one on a small one; contract fleet part 2.2, at most 15. */
import { clamped, gigabytes } from './machine-figures.ts';
import type { MachineView, Signal } from './signal.ts';

const mostPoints = 15;
const largeGb = 20;
const smallGb = 8;

type Role = 'large' | 'middling' | 'small';

export const signal: Signal = {
  id: 'role-affinity',
  unit: 'points',
  term(_candidate, { machine, memoryBytes }) {
    if (!machine || memoryBytes === undefined) return 0;
    const sizeGb = gigabytes(memoryBytes);
    const role = sizeGb > largeGb ? 'large' : sizeGb < smallGb ? 'small' : 'middling';
    return clamped(machine.bandwidthGbps !== undefined && machine.bandwidthGbps > 0 ? byBandwidth(role, machine.bandwidthGbps) : byMemory(role, machine), 0, mostPoints);
  },
};

function byBandwidth(role: Role, gbps: number): number {
  const points = Math.min(25, 5 + gbps / 40);
  if (role === 'large') return points;
  return role === 'middling' ? 0.6 * points : Math.max(3, 18 - 0.6 * points);
}

/** The system keeps some of the memory that is built in for itself: 128 GB are reported as 125. */
const builtInShare = 0.94;

function byMemory(role: Role, { totalBytes }: MachineView): number {
  const totalGb = gigabytes(totalBytes);
  const least = (gb: number): boolean => totalGb >= builtInShare * gb;
  if (role === 'large') return least(128) ? 15 : least(32) ? 5 : 0;
  if (role === 'middling') return 5;
  if (totalGb <= 32) return 15;
  return totalGb <= 128 ? 8 : 3;
}
