/** Lets one piece of work run at a time: two pictures at once fit no memory. */
import { RouterError } from '../../core/errors.ts';

const retryAfterMs = 5000;

export class InTurn {
  readonly #most: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** `most` wait at once. */
  constructor(most: number) {
    this.#most = most;
  }

  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** Rejects with `queue_full` when too many wait already, with the signal's reason when nobody waits for it any more, else as the work does. */
  async run<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    if (this.#waiting > this.#most) throw new RouterError('queue_full', 'This machine has enough to do. Try again in a moment.', { retryAfterMs });
    this.#waiting += 1;
    const mine = this.#last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#last = mine.catch(() => {});
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
    }
  }
}
