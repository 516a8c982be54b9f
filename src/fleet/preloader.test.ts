import { expect, test } from 'vitest';
import { backend, fleet } from '../../test/fakes/brain.ts';
import { FakeClock } from '../../test/fakes/clock.ts';
import type { BackendState } from '../core/fleet.ts';
import { Preloader, type PlannedLoad } from './preloader.ts';

/** Wants model `m` on backend `one` whenever nothing is pending there; `ends` says how each load goes. */
function bed(ends: (signal: AbortSignal) => Promise<void>) {
  const clock = new FakeClock(0);
  const asked: number[] = [];
  let state: BackendState = backend('one', { models: ['m'], reportedAt: 0 });
  const listeners = new Set<() => void>();
  const quiet = { debug() {}, info() {}, warn() {}, error() {}, flush: () => Promise.resolve() };
  const planned: PlannedLoad = { backendId: 'one', model: 'm', reason: 'pinned' };
  const preloader = new Preloader({
    fleet: { view: () => fleet([state]), onChange: (listener) => { listeners.add(listener); return () => listeners.delete(listener); }, refresh() {} },
    clock,
    log: quiet,
    plan: (own) => (own.pending('one', 'm') === null ? [planned] : []),
    load: (_planned, signal) => {
      asked.push(clock.now());
      return ends(signal);
    },
    everyMs: 1000,
  });
  const report = (more: Partial<BackendState>): void => {
    state = { ...state, ...more };
    for (const listener of listeners) listener();
  };
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      await settled();
      clock.advance(1000);
    }
    await settled();
  };
  return { preloader, asked, report, pass };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

test('a load that failed is tried again after a minute, then after two, and at once when its server comes back', async () => {
  const { preloader, asked, report, pass } = bed(() => Promise.reject(new Error('no memory')));
  preloader.start();
  await pass(200);
  expect(asked).toEqual([0, 60_000, 180_000]);
  report({ status: 'down' });
  report({ status: 'up' });
  await pass(1);
  expect(asked).toHaveLength(4);
  await preloader.stop();
});

test('a load is begun once for as long as it lasts, and ended when the router stops', async () => {
  let ended = false;
  const { preloader, asked, pass } = bed((signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => { ended = true; reject(new Error('stopped')); })));
  preloader.start();
  await pass(60);
  expect(asked).toEqual([0]);
  await preloader.stop();
  expect(ended).toBe(true);
});

test('what went is loaded again at once, and what goes again and again less and less often', async () => {
  const { preloader, asked, report, pass } = bed(() => Promise.resolve());
  preloader.start();
  await pass(1);
  for (let second = 1; second < 200; second += 1) {
    report({ reportedAt: second * 1000 + 1 });
    await pass(1);
  }
  expect(asked.slice(0, 2)).toEqual([0, 1000]);
  expect(asked.slice(2).map((at, index) => at - (asked[index + 1] ?? 0))).toEqual([expect.closeTo(60_000, -4), expect.closeTo(120_000, -4)]);
  await preloader.stop();
});
