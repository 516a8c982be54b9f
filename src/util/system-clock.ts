/** The real Clock: monotonic within the process, anchored to the epoch. */
import type { Clock } from '../core/clock.ts';

/** The system's clock ahead of ours by so much means that the machine slept, or has only now learned what time it is. */
const leastSleepMs = 60_000;
/** A machine that woke is noticed after so long: whoever asks for the time asks often, and to read a second clock takes as long as the first. */
const lookEveryMs = 100;

/** `steady` never goes back and stands still while the machine sleeps; `wall` may be set by anybody. Both in epoch milliseconds. */
export function epochTime(steady: () => number, wall: () => number): () => number {
  let aheadMs = 0;
  let lookAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = steady() + aheadMs;
    if (now < lookAt) return now;
    lookAt = now + lookEveryMs;
    const missedMs = wall() - now;
    if (missedMs < leastSleepMs) return now;
    aheadMs += missedMs;
    lookAt += missedMs;
    return now + missedMs;
  };
}

const origin = performance.timeOrigin;

export const systemClock: Clock = {
  now: epochTime(() => origin + performance.now(), Date.now),
  after(delayMs, run) {
    // setTimeout overflows beyond 2^31 - 1 ms and would fire at once.
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), 2_147_483_647));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
