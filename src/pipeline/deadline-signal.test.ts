import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { deadlineSignal } from './deadline-signal.ts';

test('the time limit aborts and says so; the caller leaving aborts and does not', () => {
  const clock = new FakeClock();
  const limited = deadlineSignal(new AbortController().signal, 100, clock);
  clock.advance(99);
  expect(limited.signal.aborted).toBe(false);
  clock.advance(1);
  expect([limited.signal.aborted, limited.expired()]).toEqual([true, true]);

  const caller = new AbortController();
  const left = deadlineSignal(caller.signal, 100, clock);
  caller.abort();
  expect([left.signal.aborted, left.expired()]).toEqual([true, false]);
});

test('a released limit never fires', () => {
  const clock = new FakeClock();
  const limited = deadlineSignal(new AbortController().signal, 100, clock);
  limited.release();
  clock.advance(1000);
  expect(limited.signal.aborted).toBe(false);
});

test('a caller that has left already is seen at once', () => {
  expect(deadlineSignal(AbortSignal.abort(), 100, new FakeClock()).signal.aborted).toBe(true);
});
