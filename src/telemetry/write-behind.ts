/** Hands rows on behind the requests that they come from: a batch at a time, and again later while whoever takes them is away. */
import type { CancelTimer, Clock } from '../core/clock.ts';

/** What became of a batch. `refused`: it would be refused again; `later`: nobody is there now. */
export type Outcome = 'taken' | 'refused' | 'later';

export interface WriteBehindOptions<Row> {
  readonly clock: Clock;
  /** How long the first row of a batch waits for others. */
  readonly afterMs: number;
  /** So many do not wait. */
  readonly batchSize: number;
  /** Between tries; each wait is twice as long as the one before. */
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  /** Never rejects. `failures`: how often nobody was there since a batch was taken. */
  send(batch: readonly Row[], failures: number): Promise<Outcome>;
}

export class WriteBehind<Row> {
  readonly #options: WriteBehindOptions<Row>;
  #waiting: Row[] = [];
  /** On its way. */
  #batch: readonly Row[] = [];
  #sending: Promise<boolean> | null = null;
  #cancelTimer: CancelTimer | null = null;
  #failures = 0;
  /** Rows ever added, and those of them that nothing is left to do for: they end in the order they came. */
  #added = 0;
  #ended = 0;

  constructor(options: WriteBehindOptions<Row>) {
    this.#options = options;
  }

  /** Rows that nobody has taken yet. */
  get waiting(): number {
    return this.#waiting.length + this.#batch.length;
  }

  add(row: Row): void {
    const { afterMs, batchSize } = this.#options;
    this.#waiting.push(row);
    this.#added += 1;
    if (this.#cancelTimer === null && this.#sending === null) this.#sendAfter(afterMs);
    else if (this.#waiting.length === batchSize && this.#failures === 0) void this.#send();
  }

  /** Lets go of the oldest that are not on their way. */
  drop(count: number): void {
    const kept = this.#waiting.slice(count);
    this.#ended += this.#waiting.length - kept.length;
    this.#waiting = kept;
  }

  /** True when all that was added before is taken or refused; false when nobody is there now. */
  async flush(): Promise<boolean> {
    // What comes meanwhile is not waited for: under load there would be no end.
    const last = this.#added;
    while (this.#ended < last) if (!(await this.#send())) return false;
    return true;
  }

  /** Tries no more by itself. */
  stop(): void {
    this.#cancelTimer?.();
  }

  #sendAfter(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(delayMs, () => void this.#send());
  }

  /** One batch, for all who ask while it is on its way; false when nobody is there. */
  #send(): Promise<boolean> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#sending ??= this.#sendBatch().finally(() => {
      const { afterMs, batchSize } = this.#options;
      this.#sending = null;
      if (this.#cancelTimer === null && this.#waiting.length > 0) this.#sendAfter(this.#waiting.length >= batchSize ? 0 : afterMs);
    });
    return this.#sending;
  }

  async #sendBatch(): Promise<boolean> {
    const { batchSize, firstRetryMs, longestRetryMs, send } = this.#options;
    this.#batch = this.#waiting.splice(0, batchSize);
    const outcome = await send(this.#batch, this.#failures);
    if (outcome === 'later') {
      // What may have arrived goes again as it was.
      this.#waiting = [...this.#batch, ...this.#waiting];
      this.#sendAfter(Math.min(longestRetryMs, firstRetryMs * 2 ** this.#failures));
      this.#failures += 1;
    } else {
      this.#ended += this.#batch.length;
      if (outcome === 'taken') this.#failures = 0;
    }
    this.#batch = [];
    return outcome !== 'later';
  }
}
