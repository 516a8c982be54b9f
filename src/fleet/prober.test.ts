import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { BackendReport } from '../core/fleet.ts';
import { Prober } from './prober.ts';

const report: BackendReport = { models: [], resident: null };

/** A prober of a backend whose answers the test gives; `startedAt` in milliseconds since the beginning. */
function probing(intervalMs = 5000) {
  const clock = new FakeClock(0);
  const startedAt: number[] = [];
  const outcomes: string[] = [];
  const state = { answer: (_signal: AbortSignal): Promise<BackendReport> => Promise.resolve(report), running: 0, peak: 0 };
  const prober = new Prober(
    {
      backendId: 'studio',
      intervalMs,
      limitMs: 6000,
      async probe(signal) {
        startedAt.push(clock.now());
        state.running += 1;
        state.peak = Math.max(state.peak, state.running);
        try {
          return await state.answer(signal);
        } finally {
          state.running -= 1;
        }
      },
      reported: () => outcomes.push('up'),
      failed: (problem) => outcomes.push(problem),
    },
    clock,
  );
  return { clock, prober, state, startedAt, outcomes };
}

const refused = (): Promise<BackendReport> => Promise.reject(new RouterError('backend_unreachable', 'Refused.'));

test('an answering backend is asked every interval', async () => {
  const { clock, prober, startedAt, outcomes } = probing();
  await prober.start();
  await clock.advanceAsync(15_000);
  expect(startedAt).toEqual([0, 5000, 10_000, 15_000]);
  expect(outcomes.slice(0, 3)).toEqual(['up', 'up', 'up']);
});

test('one that is down is asked as often as any other', async () => {
  const { clock, prober, state, startedAt, outcomes } = probing();
  state.answer = refused;
  await prober.start();
  await clock.advanceAsync(20_000);
  expect(startedAt).toEqual([0, 5000, 10_000, 15_000, 20_000]);
  expect(outcomes[0]).toBe('Refused.');
  state.answer = () => Promise.resolve(report);
  await clock.advanceAsync(10_000);
  expect(startedAt.slice(5)).toEqual([25_000, 30_000]);
});

test('a probe that never ends is given up, and is not joined by a second one', async () => {
  const { clock, prober, state, startedAt, outcomes } = probing();
  let aborted = false;
  state.answer = (signal) => new Promise(() => signal.addEventListener('abort', () => (aborted = true)));
  void prober.start();
  await clock.advanceAsync(5999);
  expect(startedAt).toEqual([0]);
  expect(outcomes).toEqual([]);
  await clock.advanceAsync(1);
  expect(outcomes).toEqual(['It did not answer a probe within 6000 ms.']);
  expect(aborted).toBe(true);
});

test('a refresh probes early, at most once a second', async () => {
  const { clock, prober, startedAt } = probing();
  await prober.start();
  for (let count = 0; count < 10; count += 1) {
    prober.refresh();
    await clock.advanceAsync(50);
  }
  expect(startedAt).toEqual([0]);
  await clock.advanceAsync(500);
  expect(startedAt).toEqual([0, 1000]);
  await clock.advanceAsync(1000);
  prober.refresh();
  await clock.advanceAsync(0);
  expect(startedAt).toEqual([0, 1000, 2000]);
});

test('a refresh during a probe is done after it', async () => {
  const { clock, prober, state, startedAt } = probing();
  let finish = (): void => {};
  state.answer = () => new Promise((resolve) => (finish = () => resolve(report)));
  void prober.start();
  prober.refresh();
  await clock.advanceAsync(2000);
  expect(startedAt).toEqual([0]);
  finish();
  await clock.advanceAsync(0);
  expect(startedAt).toEqual([0, 2000]);
  expect(state.peak).toBe(1);
});

test('after stop nothing is asked, told or waited for', async () => {
  const { clock, prober, state, startedAt, outcomes } = probing();
  state.answer = () => new Promise(() => {});
  void prober.start();
  await prober.stop();
  prober.refresh();
  await clock.advanceAsync(60_000);
  expect(startedAt).toEqual([0]);
  expect(outcomes).toEqual([]);
  expect(clock.pending).toBe(0);
});

test('a probe that fails by mistake is told as one', async () => {
  const { prober, state, outcomes } = probing();
  state.answer = () => Promise.reject(new TypeError('x is not a function'));
  await prober.start();
  await settled();
  expect(outcomes).toEqual(['The probe failed: x is not a function.']);
});
