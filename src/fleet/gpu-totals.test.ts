import { expect, test } from 'vitest';
import type { Gpu, GpuSnapshot } from '../core/fleet.ts';
import { gpuTotals } from './gpu-totals.ts';

const snapshot = (...gpus: readonly Gpu[]): GpuSnapshot => ({ provider: 'nvidia', takenAt: 0, gpus });
const full = (index: number): Gpu => ({ index, name: 'NVIDIA L4', vramTotalMb: 23_034, vramUsedMb: 1000 * index, vramFreeMb: 22_000, utilizationPct: 10 * index });

test('memory is summed, utilisation is the highest', () => {
  expect(gpuTotals(snapshot(full(1), full(2)))).toEqual({ name: '2x NVIDIA L4', vramTotalMb: 46_068, vramUsedMb: 3000, vramFreeMb: 44_000, utilizationPct: 20 });
});

test('one GPU is itself', () => {
  expect(gpuTotals(snapshot(full(1)))).toEqual({ name: 'NVIDIA L4', vramTotalMb: 23_034, vramUsedMb: 1000, vramFreeMb: 22_000, utilizationPct: 10 });
});

test('a sum of which one part is unknown is absent, and never null', () => {
  const totals = gpuTotals(snapshot(full(1), { index: 2, name: 'NVIDIA GB10', vramTotalMb: 100 }));
  expect(totals).toEqual({ name: 'NVIDIA L4 + NVIDIA GB10', vramTotalMb: 23_134, utilizationPct: 10 });
  expect(Object.keys(totals)).not.toContain('vramFreeMb');
});

test('no snapshot and no GPU tell nothing', () => {
  expect(gpuTotals(null)).toEqual({});
  expect(gpuTotals(snapshot())).toEqual({});
});
