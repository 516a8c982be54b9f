/** The real Clock: monotonic within the process, anchored to the epoch. */
import type { Clock } from '../core/clock.ts';

const origin = performance.timeOrigin;

export const systemClock: Clock = {
  now: () => origin + performance.now(),
  after(delayMs, run) {
    // setTimeout overflows beyond 2^31 - 1 ms and would fire at once.
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), 2_147_483_647));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
