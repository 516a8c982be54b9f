/** Waits on the clock. */
import type { Clock } from '../core/clock.ts';
import { unwatchAbort, watchAbort } from './watch-abort.ts';

/** Resolves after `delayMs`, or when the signal is aborted. Like every timer of a clock it keeps no process alive. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal === undefined) return new Promise((resolve) => void clock.after(delayMs, resolve));
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      unwatchAbort(signal, done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    watchAbort(signal, done);
  });
}
