/** Leaves alone what fails again and again, a backend or one of its models, then tries it with one request. Holds no time: the fleet sets the timer. */
import type { ErrorCode } from '../core/errors.ts';
import type { Lesson } from './fleet.ts';

export interface BreakerSettings {
  /** Failures in a row after which it opens. */
  readonly failures: number;
  /** How long it stays open at first; it doubles with each trial that fails, up to sixteen times. */
  readonly openMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

const longestFactor = 16;

/** Failures that speak against the backend, not against the request. */
const faults: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['backend_failed', 'backend_timeout', 'backend_protocol', 'backend_unreachable', 'stream_interrupted']);

/**
 * What an attempt says of its backend: it works, it fails, or nothing. A server that lets nobody connect is down, and its
 * probe says when it is back; that needs no breaker.
 */
export function verdictOf({ ok, error, noConnection, excused }: Lesson): 'works' | 'fails' | null {
  if (ok) return 'works';
  return noConnection !== true && excused !== true && faults.has(error as ErrorCode) ? 'fails' : null;
}

export class Breaker {
  readonly #settings: BreakerSettings;
  #state: BreakerState = 'closed';
  #failures = 0;
  #factor = 1;

  constructor(settings: BreakerSettings) {
    this.#settings = settings;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Returns whether it closed. */
  worked(): boolean {
    const closed = this.#state !== 'closed';
    this.#state = 'closed';
    this.#failures = 0;
    this.#factor = 1;
    return closed;
  }

  /** Returns for how long it opens, in milliseconds; null when nothing changes. What ends while it is open began before. `mayOpen`: is it to blame already, if the failures are enough? */
  failed(mayOpen = true): number | null {
    if (this.#state === 'open') return null;
    if (this.#state === 'half-open') this.#factor = Math.min(longestFactor, 2 * this.#factor);
    else if (++this.#failures < this.#settings.failures || !mayOpen) return null;
    this.#state = 'open';
    return this.#settings.openMs * this.#factor;
  }

  /** The time is up, or it came back from the dead: one request may try. Returns whether that is news. */
  waited(): boolean {
    const was = this.#state;
    if (was === 'open') this.#state = 'half-open';
    return was === 'open';
  }
}
