import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { Rhythm } from './rhythm.ts';

function waiting(clock: FakeClock, rhythm: Rhythm, earliestMs: number, latestMs: number, signal = new AbortController().signal) {
  const state = { ended: false };
  void rhythm.until(clock.now() + earliestMs, clock.now() + latestMs, signal).then(() => (state.ended = true));
  return state;
}

test('without news it waits to the end', async () => {
  const clock = new FakeClock();
  const wait = waiting(clock, new Rhythm(clock), 1000, 5000);
  await clock.advanceAsync(4999);
  expect(wait.ended).toBe(false);
  await clock.advanceAsync(1);
  expect(wait.ended).toBe(true);
});

test('news end the wait, but not before the earliest time, however many there are', async () => {
  const clock = new FakeClock();
  const rhythm = new Rhythm(clock);
  const wait = waiting(clock, rhythm, 1000, 5000);
  await clock.advanceAsync(300);
  rhythm.wake();
  rhythm.wake();
  await clock.advanceAsync(699);
  expect(wait.ended).toBe(false);
  await clock.advanceAsync(1);
  expect(wait.ended).toBe(true);
  const next = waiting(clock, rhythm, 1000, 5000);
  await clock.advanceAsync(4000);
  expect(next.ended).toBe(false);
  rhythm.wake();
  await clock.advanceAsync(0);
  expect(next.ended).toBe(true);
});

test('news that came while nobody waited are not lost', async () => {
  const clock = new FakeClock();
  const rhythm = new Rhythm(clock);
  rhythm.wake();
  const wait = waiting(clock, rhythm, 1000, 5000);
  await clock.advanceAsync(1000);
  expect(wait.ended).toBe(true);
});

test('who is told to stop waits no more and leaves no timer', async () => {
  const clock = new FakeClock();
  const end = new AbortController();
  const wait = waiting(clock, new Rhythm(clock), 1000, 5000, end.signal);
  end.abort();
  await clock.advanceAsync(0);
  expect([wait.ended, clock.pending]).toEqual([true, 0]);
});
