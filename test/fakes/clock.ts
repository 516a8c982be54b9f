/** A Clock that stands still until a test moves it. */
import type { CancelTimer, Clock } from '../../src/core/clock.ts';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export class FakeClock implements Clock {
  #now: number;
  #timers: Timer[] = [];

  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): CancelTimer {
    const timer = { at: this.#now + Math.max(0, delayMs), run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves on, running what falls due in its order, also what that sets within the time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    while (this.#runNext(end));
    this.#now = end;
  }

  /** As `advance`, but lets promises that a timer settled go on before the next timer runs. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    while (this.#runNext(end)) await settled();
    this.#now = end;
  }

  #runNext(end: number): boolean {
    const due = this.#timers.filter((timer) => timer.at <= end);
    const next = due.reduce<Timer | null>((earliest, timer) => (earliest === null || timer.at < earliest.at ? timer : earliest), null);
    if (next === null) return false;
    this.#timers = this.#timers.filter((timer) => timer !== next);
    this.#now = Math.max(this.#now, next.at);
    next.run();
    return true;
  }
}

/** Every microtask that is due, and what those cause, has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
