import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import type { GpuSnapshot } from '../core/fleet.ts';
import type { NodeFacts } from '../node/collectors/collector.ts';
import { GpuMonitor, staticGpu } from './gpu-monitor.ts';

function monitoring(collect: (signal: AbortSignal) => Promise<NodeFacts | null>) {
  const clock = new FakeClock(0);
  const taken: (GpuSnapshot | null)[] = [];
  const failures: unknown[] = [];
  const monitor = new GpuMonitor({ provider: 'nvidia', intervalMs: 5000, collect }, clock, (snapshot) => taken.push(snapshot), (thrown) => failures.push(thrown));
  return { clock, taken, failures, monitor };
}

test('a snapshot is taken at once and then at the interval', async () => {
  const { clock, taken, monitor } = monitoring(() => Promise.resolve({ gpus: [{ index: 0, vramFreeMb: 5 }] }));
  await monitor.start();
  expect(taken).toEqual([{ provider: 'nvidia', takenAt: 0, gpus: [{ index: 0, vramFreeMb: 5 }] }]);
  await clock.advanceAsync(10_000);
  expect(taken.map((snapshot) => snapshot?.takenAt)).toEqual([0, 5000, 10_000]);
});

test('while one is still running none is started, and after three intervals the old one counts no longer', async () => {
  let calls = 0;
  const { clock, taken, monitor } = monitoring(() => {
    calls += 1;
    return new Promise(() => {});
  });
  void monitor.start();
  await clock.advanceAsync(14_999);
  expect(calls).toBe(1);
  expect(taken).toEqual([]);
  await clock.advanceAsync(1);
  expect(calls).toBe(1);
  expect(taken).toEqual([null]);
});

test('a collector that fails or finds nothing leaves no snapshot', async () => {
  const answers = [() => Promise.resolve({ gpus: [{ index: 0 }] }), () => Promise.reject(new Error('broken')), () => Promise.resolve(null)];
  const { clock, taken, failures, monitor } = monitoring(() => (answers.shift() ?? (() => Promise.resolve(null)))());
  await monitor.start();
  await clock.advanceAsync(10_000);
  expect(taken).toEqual([expect.objectContaining({ takenAt: 0 }), null, null]);
  expect(failures).toHaveLength(1);
});

test('stop ends what runs, and nothing follows', async () => {
  let aborted = false;
  const { clock, taken, monitor } = monitoring((signal) => new Promise((resolve) => signal.addEventListener('abort', () => {
    aborted = true;
    resolve({ gpus: [{ index: 0 }] });
  })));
  void monitor.start();
  monitor.stop();
  await clock.advanceAsync(20_000);
  expect(aborted).toBe(true);
  expect(taken).toEqual([]);
  expect(clock.pending).toBe(0);
});

test('a configured GPU that nobody watches is free, all of it', () => {
  expect(staticGpu('RTX 4000', 20_475)).toEqual({ index: 0, name: 'RTX 4000', vramTotalMb: 20_475, vramUsedMb: 0, vramFreeMb: 20_475 });
  expect(staticGpu(undefined, undefined)).toEqual({ index: 0 });
});
