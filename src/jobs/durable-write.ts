/** Writes to a store that may be away for a while: what is to be written is kept until it is. */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { pause } from '../util/pause.ts';

const firstWaitMs = 1_000;
const longestWaitMs = 30_000;

/** Tries until the write succeeds or `signal` is aborted; rejects then, and with anything but `store_unavailable`. */
export async function writeDurably<T>(write: () => Promise<T>, clock: Clock, signal: AbortSignal, log: Log, fields: Readonly<Record<string, unknown>>): Promise<T> {
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      return await write();
    } catch (thrown) {
      if (!(thrown instanceof RouterError) || thrown.code !== 'store_unavailable' || signal.aborted) throw thrown;
      log.error({ ...fields, err: thrown, waitMs }, 'a job could not be written; it is kept in memory and tried again');
    }
    await pause(clock, waitMs, signal);
  }
}
