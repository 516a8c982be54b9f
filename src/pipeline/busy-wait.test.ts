import { expect, test } from 'vitest';
import { candidate } from '../../test/fakes/brain.ts';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import { RouterError } from '../core/errors.ts';
import { BusyWait } from './busy-wait.ts';

const busy = (retryAfterMs?: number) => new RouterError('backend_failed', 'Busy.', { busy: true, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });

function waiting() {
  const clock = new FakeClock(0);
  const caller = new AbortController();
  return { clock, caller, wait: new BusyWait(clock, caller.signal) };
}

/** What the pause resolved with, or `waits`. */
async function stateOf(pause: Promise<number | null>): Promise<number | null | 'waits'> {
  await settled();
  return Promise.race([pause, Promise.resolve('waits' as const)]);
}

test('busy backends are tried again after pauses that double, as if new', async () => {
  const { clock, wait } = waiting();
  for (const expected of [250, 500, 1000, 2000, 4000, 5000, 5000]) {
    wait.add(candidate('a'), busy());
    const pause = wait.pause(null);
    await clock.advanceAsync(expected - 1);
    expect(await stateOf(pause)).toBe('waits');
    expect(wait.places).toEqual([candidate('a')]);
    await clock.advanceAsync(1);
    expect(await pause).toBe(expected);
    expect(wait.places).toEqual([]);
  }
});

test('a backend that wants to be left alone for long is; the soonest of several counts', async () => {
  const { clock, wait } = waiting();
  wait.add(candidate('a'), busy(17_000));
  wait.add(candidate('b'), busy(9000));
  const pause = wait.pause(null);
  await clock.advanceAsync(8999);
  expect(await stateOf(pause)).toBe('waits');
  await clock.advanceAsync(1);
  expect(await pause).toBe(9000);
});

test('there is no pause into the deadline, and none when nobody is busy', async () => {
  const { clock, wait } = waiting();
  expect(await wait.pause(null)).toBeNull();
  wait.add(candidate('a'), busy());
  expect(await wait.pause(250)).toBeNull();
  const pause = wait.pause(251);
  await clock.advanceAsync(250);
  expect(await pause).toBe(250);
});

test('a caller who leaves does not wait', async () => {
  const { clock, caller, wait } = waiting();
  wait.add(candidate('a'), busy());
  const pause = wait.pause(null);
  caller.abort();
  await expect(pause).rejects.toMatchObject({ code: 'cancelled' });
  expect(clock.pending).toBe(0);
  await expect(wait.pause(null)).rejects.toMatchObject({ code: 'cancelled' });
});
