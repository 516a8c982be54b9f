/** Bounds one act in time. A signal of its own each time: one that is combined from others would stay on their lists for ever. */
import type { Clock } from '../core/clock.ts';
import { unwatchAbort, watchAbort } from './watch-abort.ts';

/** The act's signal is aborted when the time is up, with a TimeoutError, or when the outer one is. */
export async function within<Result>(clock: Clock, limitMs: number, signal: AbortSignal, act: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const limit = new AbortController();
  const end = (): void => limit.abort(signal.reason);
  if (signal.aborted) end();
  watchAbort(signal, end);
  const cancel = clock.after(limitMs, () => limit.abort(new DOMException('It took too long.', 'TimeoutError')));
  try {
    return await act(limit.signal);
  } finally {
    cancel();
    unwatchAbort(signal, end);
  }
}
