/** Ends requests whose bodies take too long to arrive; one look at all of them now and then costs less than a timer for each. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';

/** How long a body may take. */
const bodyMs = 300_000;
const lookMs = 10_000;

interface Waiting {
  readonly endsAt: number;
  readonly late: (error: RouterError) => void;
}

export class SlowBodies {
  readonly #clock: Clock;
  /** By request. */
  readonly #waiting = new Map<object, Waiting>();
  #cancel: CancelTimer = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#plan();
  }

  /** Calls `late` once, up to ten seconds after the time is over, unless the body has ended before. The last call for a request counts. */
  begun(request: object, late: (error: RouterError) => void, withinMs = bodyMs): void {
    this.#waiting.set(request, { endsAt: this.#clock.now() + withinMs, late });
  }

  ended(request: object): void {
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
    const now = this.#clock.now();
    for (const [request, { endsAt, late }] of this.#waiting) {
      if (endsAt > now) continue;
      this.#waiting.delete(request);
      late(new RouterError('invalid_request', 'The body took too long to arrive. Send it again.', { status: 408 }));
    }
  }
}
