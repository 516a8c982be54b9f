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
  /** Places that are used again. Not a map: every request passes here, and what has left a map hangs in memory for as long as the map's old tables do. */
  readonly #places: (Waiting | null)[] = [];
  readonly #free: number[] = [];
  #cancel: CancelTimer = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#plan();
  }

  /** Calls `late` once, up to ten seconds after the time is over, unless what it returns was called before: the body has ended. */
  begun(late: (error: RouterError) => void, withinMs = bodyMs): () => void {
    const waiting = { endsAt: this.#clock.now() + withinMs, late };
    const place = this.#free.pop() ?? this.#places.length;
    this.#places[place] = waiting;
    return () => this.#leave(place, waiting);
  }

  stop(): void {
    this.#cancel();
  }

  #leave(place: number, waiting: Waiting): void {
    if (this.#places[place] !== waiting) return;
    this.#places[place] = null;
    this.#free.push(place);
  }

  #plan(): void {
    this.#cancel = this.#clock.after(lookMs, () => {
      this.#look();
      this.#plan();
    });
  }

  #look(): void {
    const now = this.#clock.now();
    for (const [place, waiting] of this.#places.entries()) {
      if (waiting === null || waiting.endsAt > now) continue;
      this.#leave(place, waiting);
      waiting.late(new RouterError('invalid_request', 'The body took too long to arrive. Send it again.', { status: 408 }));
    }
  }
}
