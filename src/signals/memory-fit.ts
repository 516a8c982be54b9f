/** Signal `memory-fit`: points for memory to spare; no for a model that cannot be loaded there. Contract fleet parts 2.1 and 2.2. */
import { gigabytes, isLoaded } from './machine-figures.ts';
import type { MachineView, Signal, SignalView } from './signal.ts';

const mostPoints = 20;
/** Memory as a multiple of what the model takes, and its points. */
const steps: readonly (readonly [above: number, points: number])[] = [[2, mostPoints], [1.5, 15], [1.2, 8]];
const justEnoughPoints = 3;

export const signal: Signal = {
  id: 'memory-fit',
  unit: 'points',
  vetoes: true,
  term(_candidate, view) {
    const { machine, memoryBytes } = view;
    if (machine?.pressure === 'critical') return { veto: 'its memory is all but used up' };
    if (isLoaded(view)) return mostPoints;
    if (!machine || machine.freeBytes === undefined || memoryBytes === undefined || view.resident === 'unknown') return 0;
    const most = mostBytes(machine, machine.freeBytes, view);
    if (memoryBytes > most) return { veto: `the model takes ${inGb(memoryBytes)} GB, and ${inGb(Math.max(0, most))} GB can be had there` };
    const room = machine.besideBytes === undefined ? Math.min(machine.freeBytes, machine.ceilingBytes ?? Number.POSITIVE_INFINITY) : machine.freeBytes;
    return pointsFor(memoryBytes > 0 ? room / memoryBytes : Number.POSITIVE_INFINITY);
  },
};

/** With all that idle models hold, and no more than the owner leaves beside what busy ones hold. */
function mostBytes(machine: MachineView, freeBytes: number, { idleBytes = 0 }: SignalView): number {
  const { ceilingBytes = Number.POSITIVE_INFINITY, residentBytes, besideBytes } = machine;
  if (besideBytes !== undefined) return freeBytes + idleBytes + Math.min(besideBytes, ceilingBytes);
  return Math.min(freeBytes + idleBytes, ceilingBytes - Math.max(0, residentBytes - idleBytes));
}

function pointsFor(ratio: number): number {
  const step = steps.find(([above]) => ratio > above);
  return step?.[1] ?? (ratio >= 1 ? justEnoughPoints : 0);
}

function inGb(bytes: number): string {
  return gigabytes(bytes).toFixed(1);
}
