/** Waits on the clock. */
import type { Clock } from '../core/clock.ts';

/** Resolves after `delayMs`. Like every timer of a clock it keeps no process alive. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve));
}
