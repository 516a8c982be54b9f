/** Writes traces to the store behind the requests: a batch at a time, within a bound of memory. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Trace } from '../core/trace.ts';
import type { TraceStore } from '../store/store.ts';
import type { Log, Recorder } from './telemetry.ts';
import { keptTrace } from './kept-trace.ts';

export interface TraceWriterOptions {
  readonly clock: Clock;
  readonly store: Pick<TraceStore, 'add'>;
  readonly log: Log;
}

/** What a crash may cost. */
const writeAfterMs = 500;
/** Small enough that most traces are gone before the garbage collector has moved them to where they stay for long. */
const batchSize = 100;
/** While the store does not take them: about ten megabytes. */
const mostWaiting = 5_000;
const firstRetryMs = 500;
const longestRetryMs = 30_000;

/** `record` puts a trace on a list; all else happens later. */
export class TraceWriter implements Recorder {
  readonly #options: TraceWriterOptions;
  #waiting: Trace[] = [];
  #writing: Promise<boolean> | null = null;
  #cancelTimer: CancelTimer | null = null;
  #failures = 0;
  #lost = 0;

  constructor(options: TraceWriterOptions) {
    this.#options = options;
  }

  record(trace: Trace): void {
    if (this.#waiting.length >= mostWaiting) {
      this.#lose(1);
      return;
    }
    this.#waiting.push(keptTrace(trace));
    if (this.#cancelTimer === null && this.#writing === null) this.#writeAfter(writeAfterMs);
    else if (this.#waiting.length === batchSize && this.#failures === 0) void this.#write();
  }

  /** True when the store has all that was recorded before; false when it does not take it now. */
  async flush(): Promise<boolean> {
    while (this.#waiting.length > 0) if (!(await this.#write())) return false;
    return true;
  }

  /** Nothing may be recorded after it. */
  async stop(): Promise<void> {
    const written = (await this.flush()) || (await this.flush());
    this.#cancelTimer?.();
    if (!written) this.#lose(this.#waiting.length);
    if (this.#lost > 0) this.#options.log.warn({ lost: this.#lost }, 'traces were lost in this run');
  }

  #writeAfter(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(delayMs, () => void this.#write());
  }

  /** One batch, for all who ask while it is on its way; true when the store has it. */
  #write(): Promise<boolean> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#writing ??= this.#writeBatch().finally(() => {
      this.#writing = null;
      if (this.#cancelTimer === null && this.#waiting.length > 0) this.#writeAfter(this.#waiting.length >= batchSize ? 0 : writeAfterMs);
    });
    return this.#writing;
  }

  async #writeBatch(): Promise<boolean> {
    const batch = this.#waiting.slice(0, batchSize);
    try {
      // What may have arrived goes again as it was: the store knows it by its id.
      await this.#options.store.add(batch);
      this.#failures = 0;
    } catch (thrown) {
      if (!(thrown instanceof RouterError) || thrown.code === 'store_unavailable') return this.#tryLater(thrown);
      this.#lose(batch.length, thrown);
    }
    this.#waiting.splice(0, batch.length);
    return true;
  }

  #tryLater(thrown: unknown): false {
    this.#failures += 1;
    if (this.#failures === 1) this.#options.log.warn({ err: thrown }, 'traces cannot be written now; the newest requests are kept in memory for a while');
    this.#writeAfter(Math.min(longestRetryMs, firstRetryMs * 2 ** (this.#failures - 1)));
    return false;
  }

  /** Told when it begins, and in all at the stop. */
  #lose(count: number, cause?: unknown): void {
    if (this.#lost === 0 && count > 0) this.#options.log.error({ ...(cause === undefined ? {} : { err: cause }) }, 'traces are lost: the store does not take them');
    this.#lost += count;
  }
}
