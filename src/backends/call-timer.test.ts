import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { CallTimer } from './call-timer.ts';
import type { Limit } from './upstream-failure.ts';

function watch(limits: Partial<Record<Limit, number>>) {
  const clock = new FakeClock();
  const passed: Limit[] = [];
  const watched = { readerIsBehind: false, timedOut: (limit: Limit) => void passed.push(limit) };
  const timer = new CallTimer({ connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0, ...limits }, clock, watched);
  return { clock, passed, timer, watched };
}

test('without limits a call may take hours: there is no hidden ceiling of 300 seconds (AR-D27)', () => {
  const { clock, passed } = watch({});
  clock.advance(5 * 3_600_000);
  expect(passed).toEqual([]);
  expect(clock.pending).toBe(0);
});

test('the first byte ends one wait and begins another', () => {
  const { clock, passed, timer } = watch({ firstByteMs: 1000, idleMs: 100 });
  clock.advance(999);
  timer.touch();
  clock.advance(99);
  timer.touch();
  clock.advance(99);
  expect(passed).toEqual([]);
  clock.advance(1);
  expect(passed).toEqual(['idleMs']);
});

test('silence while the reader has not taken what is there is not the backend\'s', () => {
  const { clock, passed, timer, watched } = watch({ idleMs: 100 });
  timer.touch();
  watched.readerIsBehind = true;
  clock.advance(1000);
  expect(passed).toEqual([]);
});

test('the total counts on, however busy the answer is; a stopped timer never fires', () => {
  const { clock, passed, timer } = watch({ totalMs: 250, idleMs: 100 });
  for (let step = 0; step < 4; step += 1) {
    timer.touch();
    clock.advance(60);
  }
  expect(passed).toEqual([]);
  clock.advance(10);
  expect(passed).toEqual(['totalMs']);
  const stopped = watch({ totalMs: 250 });
  stopped.timer.stop();
  stopped.clock.advance(1000);
  expect(stopped.passed).toEqual([]);
});
