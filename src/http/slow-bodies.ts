/** Ends requests whose bodies take too long to arrive; one look at all of them now and then costs less than a timer for each. */
import type { IncomingMessage } from 'node:http';
import type { CancelTimer, Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';

/** How long a body may take. */
const bodyMs = 300_000;
const lookMs = 10_000;

interface Waiting {
  readonly since: number;
  readonly fail: (error: RouterError) => void;
}

export class SlowBodies {
  readonly #clock: Clock;
  readonly #waiting = new Map<IncomingMessage, Waiting>();
  #cancel: CancelTimer = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#plan();
  }

  begun(request: IncomingMessage, fail: (error: RouterError) => void): void {
    this.#waiting.set(request, { since: this.#clock.now(), fail });
  }

  ended(request: IncomingMessage): void {
    this.#waiting.delete(request);
  }

  stop(): void {
    this.#cancel();
  }

  #plan(): void {
    this.#cancel = this.#clock.after(lookMs, () => {
      this.#look();
      this.#plan();
    });
  }

  #look(): void {
    const before = this.#clock.now() - bodyMs;
    for (const [request, { since, fail }] of this.#waiting) {
      if (since > before) continue;
      this.#waiting.delete(request);
      fail(new RouterError('invalid_request', `The body did not arrive within ${bodyMs / 1000} s.`, { status: 408 }));
    }
  }
}
