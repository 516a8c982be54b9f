import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { fakeTools } from '../../test/fakes/machine.ts';
import type { Collector, NodeFacts } from './collectors/collector.ts';
import { MachineWatch } from './machine-watch.ts';
import { mergeFacts } from './merge-facts.ts';

function scripted(id: string, answers: (() => Promise<NodeFacts | null>)[], more: Partial<Collector> = {}): Collector & { asked: number; aborted: number } {
  const plug = {
    id,
    ...more,
    asked: 0,
    aborted: 0,
    collect(_tools: unknown, _options: unknown, signal: AbortSignal) {
      signal.addEventListener('abort', () => (plug.aborted += 1));
      const answer = answers[Math.min(plug.asked, answers.length - 1)];
      plug.asked += 1;
      return answer?.() ?? Promise.resolve(null);
    },
  };
  return plug;
}

const memory = { totalBytes: 100, usedBytes: 40, availableBytes: 60, pressure: 'normal' } as const;
const now = (facts: NodeFacts | null) => () => Promise.resolve(facts);
const never = () => new Promise<null>(() => {});
const watchOf = (clock: FakeClock, ...collectors: Collector[]) => new MachineWatch({ clock, collectors, tools: fakeTools({}) });

test('a collector that hangs delays nobody: the report has what the others know, and it is given up in its time', async () => {
  const clock = new FakeClock();
  const hanging = scripted('gpu', [never], { limitMs: 3000 });
  const watch = watchOf(clock, scripted('system', [now({ memory, cores: 4 })]), hanging);
  const started = watch.start();
  await clock.advanceAsync(1500);
  await started;
  expect(watch.facts()).toEqual({ memory, cores: 4, gpus: [] });
  await clock.advanceAsync(1500);
  expect(hanging.aborted).toBe(1);
  await clock.advanceAsync(60_000);
  expect(hanging.asked).toBe(2);
  watch.stop();
  expect(clock.pending).toBe(0);
});

test('a program that fails once is not believed any longer than it answers', async () => {
  const clock = new FakeClock();
  const watch = watchOf(clock, scripted('gpu', [now({ gpus: [{ index: 0, vramFreeMb: 9000 }] }), now(null), now({ gpus: [{ index: 0, vramFreeMb: 10 }] })]));
  await watch.start();
  expect(watch.facts().gpus).toEqual([{ index: 0, vramFreeMb: 9000 }]);
  await clock.advanceAsync(5000);
  expect(watch.facts().gpus).toEqual([]);
  await clock.advanceAsync(60_000);
  expect(watch.facts().gpus).toEqual([{ index: 0, vramFreeMb: 10 }]);
  watch.stop();
});

test('what is not there is asked for once a minute, what is there every 5 s, and nothing after the stop', async () => {
  const clock = new FakeClock();
  const present = scripted('system', [now({ memory })]);
  const absent = scripted('gpu', [now(null)]);
  const broken = scripted('broken', [() => Promise.reject(new Error('no'))]);
  const watch = watchOf(clock, present, absent, broken);
  await watch.start();
  await clock.advanceAsync(60_000);
  expect([present.asked, absent.asked, broken.asked]).toEqual([13, 2, 2]);
  watch.stop();
  await clock.advanceAsync(600_000);
  expect(present.asked).toBe(13);
});

test('before any collector has answered there is memory all the same', () => {
  expect(watchOf(new FakeClock()).facts().memory.totalBytes).toBeGreaterThan(0);
});

test('how busy the processors are is told from the second look on', async () => {
  const clock = new FakeClock();
  const watch = watchOf(clock, scripted('system', [now({ memory, cpuTimes: { busy: 100, total: 1000 } }), now({ memory, cpuTimes: { busy: 600, total: 2000 } })]));
  await watch.start();
  expect(watch.facts()).not.toHaveProperty('cpuPct');
  await clock.advanceAsync(5000);
  expect(watch.facts().cpuPct).toBe(50);
  expect(watch.facts()).not.toHaveProperty('cpuTimes');
  watch.stop();
});

test('cards of several makers stand in one list; the fastest memory and the hottest part count', () => {
  const merged = mergeFacts([
    { memory, chip: 'AMD Ryzen 9', thermal: { state: 'nominal', temperatureC: 60, source: 'k10temp' } },
    { gpus: [{ index: 0, name: 'NVIDIA GeForce RTX 3060', temperatureC: 50 }] },
    { gpus: [{ index: 0, name: 'AMD Radeon RX 7900 XTX', temperatureC: 88 }] },
  ]);
  expect(merged).toMatchObject({ chip: 'AMD Ryzen 9', memoryBandwidthGbps: 960, thermal: { state: 'warning', temperatureC: 88, source: 'gpu' } });
  expect(merged.gpus?.map(({ name }) => name)).toEqual(['NVIDIA GeForce RTX 3060', 'AMD Radeon RX 7900 XTX']);
});
