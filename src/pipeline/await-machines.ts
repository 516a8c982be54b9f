/** A router that has just begun does not know yet what its machines have: whoever asks meanwhile waits for their first reports. */
import { RouterError } from '../core/errors.ts';
import { unwatchAbort, watchAbort } from '../util/watch-abort.ts';
import type { InferenceCall } from './pipeline.ts';
import type { PipelineParts } from './pipeline-parts.ts';

type Parts = Pick<PipelineParts, 'clock' | 'fleet' | 'machinesAwaitedUntil'>;

/**
 * Asks again with each change of the fleet while machines are awaited, at most until `giveUpAt` (epoch milliseconds; null: no
 * end). Rejects with what was thrown last, or with `cancelled` when the caller leaves.
 */
export async function onceReported<Value>(parts: Parts, call: Pick<InferenceCall, 'signal'>, giveUpAt: number | null, thrown: unknown, again: () => Value | Promise<Value>): Promise<Value> {
  let last = thrown;
  for (;;) {
    const until = isUnknown(last) ? parts.machinesAwaitedUntil() : null;
    const now = parts.clock.now();
    if (until === null || until <= now || (giveUpAt !== null && giveUpAt <= now)) throw last;
    await nextChange(parts, call.signal, Math.min(until, giveUpAt ?? until) - now);
    try {
      return await again();
    } catch (failure) {
      last = failure;
    }
  }
}

/** Nobody has the model, or there is nobody at all. */
function isUnknown(thrown: unknown): boolean {
  return thrown instanceof RouterError && (thrown.code === 'unknown_model' || thrown.details.noBackends === true);
}

/** Resolves when the fleet changed, or after `mostMs`. */
function nextChange({ fleet, clock }: Parts, signal: AbortSignal, mostMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      unwatchAbort(signal, left);
      cancel();
      detach();
    };
    const left = (): void => {
      end();
      reject(new RouterError('cancelled', 'The caller left.'));
    };
    const changed = (): void => {
      end();
      resolve();
    };
    const cancel = clock.after(mostMs, changed);
    const detach = fleet.onChange(changed);
    watchAbort(signal, left);
    if (signal.aborted) left();
  });
}
