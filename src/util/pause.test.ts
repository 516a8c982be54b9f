import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { pause } from './pause.ts';

test('it ends after its time, or when its signal is aborted, and leaves no timer behind', async () => {
  const clock = new FakeClock();
  const leave = new AbortController();
  const ended: string[] = [];
  void pause(clock, 100).then(() => ended.push('plain'));
  void pause(clock, 100, leave.signal).then(() => ended.push('in time'));
  await clock.advanceAsync(99);
  expect(ended).toEqual([]);
  await clock.advanceAsync(1);
  expect(ended).toEqual(['plain', 'in time']);
  const early = pause(clock, 100, leave.signal);
  leave.abort();
  await early;
  await pause(clock, 100, leave.signal);
  expect(clock.pending).toBe(0);
});
