/** What became of the tries of one request so far, and what may still be tried because of it. */
import type { RouterError } from '../core/errors.ts';
import type { Candidate } from '../core/placement.ts';
import { BusyWait } from './busy-wait.ts';
import type { Run } from './next-candidates.ts';

const none: readonly Candidate[] = [];

export class Tries {
  readonly #run: Run;
  #failed = none;
  /** Those that lack an API: not tried again, and not counted. */
  #lacking = none;
  #busy: BusyWait | null = null;
  #last: RouterError | null = null;

  constructor(run: Run) {
    this.#run = run;
  }

  get failed(): readonly Candidate[] {
    return this.#failed;
  }

  /** The failure to tell when nothing is left to try; null: nothing has failed yet. */
  get last(): RouterError | null {
    return this.#last;
  }

  /** What is not to be tried now, though it has not failed. */
  get aside(): readonly Candidate[] {
    const busy = this.#busy?.places ?? none;
    if (busy.length === 0) return this.#lacking;
    return this.#lacking.length === 0 ? busy : [...this.#lacking, ...busy];
  }

  /** Throws the error when no other try may follow it. */
  failedAt(place: Candidate, error: RouterError): void {
    if (!error.retryElsewhere) throw error;
    const lacks = error.code === 'not_supported';
    // That a server lacks an API says less than that another one failed.
    if (this.#last === null || !lacks) this.#last = error;
    if (error.details.busy === true) {
      this.#busy ??= new BusyWait(this.#run.parts.clock, this.#run.call.signal);
      this.#busy.add(place, error);
    } else if (lacks) this.#lacking = [...this.#lacking, place];
    else this.#failed = [...this.#failed, place];
  }

  /** Waits until a busy backend may be asked again. Resolves with the milliseconds; null at once when none is, or there is no time left for it. */
  async pause(giveUpAt: number | null): Promise<number | null> {
    return this.#busy === null ? null : this.#busy.pause(giveUpAt);
  }
}
