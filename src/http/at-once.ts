/** Bounds how much of something runs at once for each who asks for it. Pure but for its memory. */
import { RouterError } from '../core/errors.ts';

const retryAfterMs = 1000;

export class AtOnce {
  readonly #most: number;
  readonly #message: string;
  readonly #running = new Map<string, number>();

  constructor(most: number, message: string) {
    this.#most = most;
    this.#message = message;
  }

  /** Rejects with `rate_limited` while so many run for this one already. */
  async run<Value>(who: string, act: () => Promise<Value>): Promise<Value> {
    const running = this.#running.get(who) ?? 0;
    if (running >= this.#most) throw new RouterError('rate_limited', this.#message, { retryAfterMs });
    this.#running.set(who, running + 1);
    try {
      return await act();
    } finally {
      const left = (this.#running.get(who) ?? 1) - 1;
      if (left > 0) this.#running.set(who, left);
      else this.#running.delete(who);
    }
  }
}
