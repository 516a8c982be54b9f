import { expect, test } from 'vitest';
import type { FleetView } from '../core/fleet.ts';
import { createForeignLoad } from './foreign-gpu-load.ts';

function at(utilizationPct: number | undefined, takenAt: number): FleetView {
  return { version: 1, backends: [], nodes: [], gpu: { provider: 'nvidia', takenAt, gpus: [{ index: 0, ...(utilizationPct === undefined ? {} : { utilizationPct }) }] }, speed: () => ({}) };
}

const load = (totalRunning: number) => () => ({ totalQueued: 0, totalRunning, queued: () => 0, running: () => 0 });

test('a busy GPU while nothing of ours runs is somebody else', () => {
  expect(createForeignLoad(90, () => at(97, 1000), load(0), () => 1200).busy()).toBe(true);
  expect(createForeignLoad(90, () => at(90, 1000), load(0), () => 1200).busy()).toBe(false);
});

test('our own work, and a reading taken right after it, do not count', () => {
  expect(createForeignLoad(90, () => at(97, 1000), load(1), () => 1200).busy()).toBe(false);
  let view = at(97, 1000);
  const watcher = createForeignLoad(90, () => view, load(0), () => 1000);
  watcher.workEnded();
  expect(watcher.busy()).toBe(false);
  view = at(97, 2600);
  expect(watcher.busy()).toBe(true);
});

test('100 turns it off and an unknown figure is no load', () => {
  expect(createForeignLoad(100, () => at(100, 1000), load(0), () => 1200).busy()).toBe(false);
  expect(createForeignLoad(50, () => at(undefined, 1000), load(0), () => 1200).busy()).toBe(false);
});
