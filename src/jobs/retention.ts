/** Sweeps the store at intervals, never two sweeps at once. */
import type { CancelTimer, Clock } from '../core/clock.ts';

/** Counts the interval from the end of one sweep to the start of the next. `sweep` must not reject. */
export class Retention {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #sweep: () => Promise<void>;
  #cancelTimer: CancelTimer | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(clock: Clock, intervalMs: number, sweep: () => Promise<void>) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#sweep = sweep;
    this.#arm();
  }

  /** Ends the timer; resolves when a sweep that has begun is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    await this.#running;
  }

  #arm(): void {
    if (this.#stopped) return;
    this.#cancelTimer = this.#clock.after(this.#intervalMs, () => {
      this.#running = this.#sweep().then(() => this.#arm());
    });
  }
}
