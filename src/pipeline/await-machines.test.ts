import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { RouterError } from '../core/errors.ts';
import { onceReported } from './await-machines.ts';

const unknown = new RouterError('unknown_model', 'Nobody has it.');

/** A fleet whose machines are awaited until a moment, and an attempt that goes as scripted. */
function bed(awaitedMs: number, outcomes: (string | RouterError)[]) {
  const clock = new FakeClock(0);
  const listeners = new Set<() => void>();
  const leave = new AbortController();
  let asked = 0;
  const fleet = {
    onChange(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const parts = { clock, fleet, machinesAwaitedUntil: () => (clock.now() < awaitedMs ? awaitedMs : null) } as unknown as Parameters<typeof onceReported>[0];
  const again = (): string => {
    asked += 1;
    const outcome = outcomes.shift() ?? unknown;
    if (outcome instanceof RouterError) throw outcome;
    return outcome;
  };
  return {
    clock,
    leave,
    listeners,
    asked: () => asked,
    changed() {
      for (const listener of [...listeners]) listener();
    },
    run: (giveUpAt: number | null, thrown: unknown = unknown) => onceReported(parts, { signal: leave.signal }, giveUpAt, thrown, again),
  };
}

const settle = (clock: FakeClock): Promise<void> => clock.advanceAsync(0);

test('it asks again with each change, until somebody has the model', async () => {
  const { clock, changed, run, asked, listeners } = bed(10_000, [unknown, 'served']);
  const waiting = run(30_000);
  changed();
  await settle(clock);
  expect(asked()).toBe(1);
  changed();
  expect(await waiting).toBe('served');
  expect([listeners.size, clock.pending]).toEqual([0, 0]);
});

test('when all had their time it is denied, with what was said last', async () => {
  const { clock, run } = bed(10_000, []);
  const waiting = run(null).catch((thrown: unknown) => thrown);
  await clock.advanceAsync(10_000);
  expect(await waiting).toBe(unknown);
  expect(clock.pending).toBe(0);
});

test('nobody waits longer than the request may', async () => {
  const { clock, run } = bed(10_000, []);
  const waiting = run(3000).catch((thrown: unknown) => thrown);
  await clock.advanceAsync(3000);
  expect(await waiting).toBe(unknown);
});

test('what has another reason, and what is asked when all have reported, is denied at once', async () => {
  const busy = new RouterError('no_capacity', 'gpu_only');
  expect(await bed(10_000, []).run(null, busy).catch((thrown: unknown) => thrown)).toBe(busy);
  expect(await bed(0, []).run(null).catch((thrown: unknown) => thrown)).toBe(unknown);
  // Without any backend somebody may still come.
  const { changed, run } = bed(10_000, ['served']);
  const waiting = run(null, new RouterError('no_capacity', 'None is connected.', { noBackends: true }));
  changed();
  expect(await waiting).toBe('served');
});

test('a caller who leaves waits no more', async () => {
  const { clock, leave, listeners, run } = bed(10_000, []);
  const waiting = run(null).catch((thrown: unknown) => thrown);
  leave.abort();
  expect(await waiting).toMatchObject({ code: 'cancelled' });
  expect([listeners.size, clock.pending]).toEqual([0, 0]);
});
