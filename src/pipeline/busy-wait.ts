/** Waits for backends that said they are busy, as long as the request itself may wait. */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Candidate } from '../core/placement.ts';
import { unwatchAbort, watchAbort } from '../util/watch-abort.ts';

/** The first pause; each one is twice as long as the one before. */
const firstPauseMs = 250;
/** A server that wants to be left alone for longer than this is, and one that wants less is asked sooner at first. */
const longestPauseMs = 5000;

/** One request's busy backends. Busy is load, and no failure: they are not tried again before a pause, and then as if new. */
export class BusyWait {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #places: readonly Candidate[] = [];
  #soonestMs = Number.POSITIVE_INFINITY;
  #pauses = 0;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Not to be tried before the next pause. */
  get places(): readonly Candidate[] {
    return this.#places;
  }

  add(place: Candidate, { details }: RouterError): void {
    this.#places = [...this.#places, place];
    this.#soonestMs = Math.min(this.#soonestMs, details.retryAfterMs ?? longestPauseMs);
  }

  /**
   * Resolves with the milliseconds waited when all may be asked again; with null at once when none is busy, or `giveUpAt`
   * (epoch milliseconds; null: never) comes first. Rejects with `cancelled` when the caller leaves.
   */
  async pause(giveUpAt: number | null): Promise<number | null> {
    if (this.#places.length === 0) return null;
    const pauseMs = this.#soonestMs > longestPauseMs ? this.#soonestMs : Math.min(this.#soonestMs, firstPauseMs * 2 ** this.#pauses);
    if (giveUpAt !== null && this.#clock.now() + pauseMs >= giveUpAt) return null;
    this.#pauses += 1;
    await passed(pauseMs, this.#clock, this.#signal);
    this.#places = [];
    this.#soonestMs = Number.POSITIVE_INFINITY;
    return pauseMs;
  }
}

function passed(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const left = (): void => {
      cancel();
      reject(new RouterError('cancelled', 'The caller left.'));
    };
    if (signal.aborted) return reject(new RouterError('cancelled', 'The caller left.'));
    const cancel = clock.after(ms, () => {
      unwatchAbort(signal, left);
      resolve();
    });
    watchAbort(signal, left);
  });
}
