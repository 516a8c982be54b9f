/** Watches one exchange against its time limits with a single timer that is set again only when it fires. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { Timeouts } from './backend.ts';
import type { Limit } from './upstream-failure.ts';

interface Watched {
  /** Bytes wait for the reader: then the silence is not the backend's. */
  readonly readerIsBehind: boolean;
  timedOut(limit: Limit): void;
}

export class CallTimer {
  readonly #timeouts: Timeouts;
  readonly #clock: Clock;
  readonly #watched: Watched;
  readonly #startedAt: number;
  #touchedAt: number;
  #begun = false;
  #cancel: CancelTimer | null = null;

  constructor(timeouts: Timeouts, clock: Clock, watched: Watched) {
    this.#timeouts = timeouts;
    this.#clock = clock;
    this.#watched = watched;
    this.#startedAt = this.#touchedAt = clock.now();
    // No deadline is nearer than the smallest limit, so a call that ends sooner costs no more than this.
    const smallest = smallestLimit(timeouts);
    if (smallest !== Infinity) this.#cancel = clock.after(smallest, () => this.#check());
  }

  /** Bytes of the body arrived: from now on the gaps count. */
  touch(): void {
    this.#begun = true;
    this.#touchedAt = this.#clock.now();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #check(): void {
    const now = this.#clock.now();
    if (this.#watched.readerIsBehind) this.#touchedAt = now;
    const passed = this.#deadlines().find(([at]) => at <= now);
    if (passed) this.#watched.timedOut(passed[1]);
    else this.#arm(now);
  }

  /** Never further ahead than the smallest limit, since the first byte may bring an earlier deadline than the one it ends. */
  #arm(now: number): void {
    const smallest = smallestLimit(this.#timeouts);
    const next = this.#deadlines().reduce((earliest, [at]) => Math.min(earliest, at - now), smallest);
    this.#cancel = this.#clock.after(next, () => this.#check());
  }

  #deadlines(): readonly (readonly [at: number, limit: Limit])[] {
    const { firstByteMs, idleMs, totalMs } = this.#timeouts;
    const found: (readonly [number, Limit])[] = [];
    if (totalMs > 0) found.push([this.#startedAt + totalMs, 'totalMs']);
    if (!this.#begun && firstByteMs > 0) found.push([this.#startedAt + firstByteMs, 'firstByteMs']);
    if (this.#begun && idleMs > 0) found.push([this.#touchedAt + idleMs, 'idleMs']);
    return found;
  }
}

function smallestLimit({ firstByteMs, idleMs, totalMs }: Timeouts): number {
  return Math.min(firstByteMs || Infinity, idleMs || Infinity, totalMs || Infinity);
}
