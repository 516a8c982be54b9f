/** One breaker for each backend, with its timer. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { BackendState } from '../core/fleet.ts';
import { Breaker, type BreakerSettings, verdictOf } from './breaker.ts';
import type { Lesson } from './fleet.ts';

/** Told of each change; `forMs` when it opens. */
export type BreakerListener = (backendId: string, state: BackendState['breaker'], forMs?: number) => void;

interface Watched {
  readonly breaker: Breaker;
  cancel: CancelTimer;
}

export class Breakers {
  readonly #settings: BreakerSettings;
  readonly #clock: Clock;
  readonly #changed: BreakerListener;
  readonly #byBackend = new Map<string, Watched>();

  constructor(settings: BreakerSettings, clock: Clock, changed: BreakerListener) {
    this.#settings = settings;
    this.#clock = clock;
    this.#changed = changed;
  }

  learn(lesson: Lesson): void {
    const verdict = verdictOf(lesson);
    const { backendId } = lesson;
    const watched = this.#byBackend.get(backendId);
    if (verdict === 'works') {
      if (watched?.breaker.worked() !== true) return;
      watched.cancel();
      this.#changed(backendId, undefined);
    } else if (verdict === 'fails') {
      this.#failed(backendId, watched ?? this.#watch(backendId));
    }
  }

  /** It was dead and answers again: what it did before says little of what it will do, and one request finds out. */
  returned(backendId: string): void {
    const watched = this.#byBackend.get(backendId);
    if (watched?.breaker.waited() !== true) return;
    watched.cancel();
    this.#changed(backendId, 'half-open');
  }

  /** There is no such backend any more. */
  forget(backendId: string): void {
    this.#byBackend.get(backendId)?.cancel();
    this.#byBackend.delete(backendId);
  }

  stop(): void {
    for (const { cancel } of this.#byBackend.values()) cancel();
  }

  #watch(backendId: string): Watched {
    const watched = { breaker: new Breaker(this.#settings), cancel: () => {} };
    this.#byBackend.set(backendId, watched);
    return watched;
  }

  #failed(backendId: string, watched: Watched): void {
    const openMs = watched.breaker.failed();
    if (openMs === null) return;
    watched.cancel();
    watched.cancel = this.#clock.after(openMs, () => {
      if (watched.breaker.waited()) this.#changed(backendId, 'half-open');
    });
    this.#changed(backendId, 'open', openMs);
  }
}
