/** Waits between two acts: until it is time, or sooner when there is news, but never so soon that news become noise. */
import type { CancelTimer, Clock } from '../core/clock.ts';

export class Rhythm {
  readonly #clock: Clock;
  #woken = false;
  #ring: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** There is news: the present wait, or the next, ends as soon as it may. */
  wake(): void {
    this.#woken = true;
    this.#ring?.();
  }

  /** What was news until now is being told. */
  settle(): void {
    this.#woken = false;
  }

  /** Resolves at `latest`, or once woken but not before `earliest` (epoch milliseconds), or when aborted. One wait at a time. */
  until(earliest: number, latest: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let cancel: CancelTimer = () => {};
      const end = (): void => {
        cancel();
        this.#ring = null;
        this.#woken = false;
        signal.removeEventListener('abort', end);
        resolve();
      };
      const plan = (): void => {
        cancel();
        cancel = this.#clock.after(Math.max(0, (this.#woken ? Math.min(earliest, latest) : latest) - this.#clock.now()), end);
      };
      this.#ring = plan;
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
      else plan();
    });
  }
}
