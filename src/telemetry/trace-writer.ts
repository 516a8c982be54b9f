/** Writes traces to the store behind the requests: a batch at a time, within a bound of memory. */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Trace } from '../core/trace.ts';
import type { TraceStore } from '../store/store.ts';
import type { Log, Recorder } from './telemetry.ts';
import { keptTrace } from './kept-trace.ts';
import { type Outcome, WriteBehind } from './write-behind.ts';

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
  readonly #behind: WriteBehind<Trace>;
  #lost = 0;

  constructor(options: TraceWriterOptions) {
    this.#options = options;
    this.#behind = new WriteBehind({ clock: options.clock, afterMs: writeAfterMs, batchSize, firstRetryMs, longestRetryMs, send: (batch, failures) => this.#write(batch, failures) });
  }

  record(trace: Trace): void {
    if (this.#behind.waiting >= mostWaiting) this.#lose(1);
    else this.#behind.add(keptTrace(trace));
  }

  /** True when the store has all that was recorded before; false when it does not take it now. */
  flush(): Promise<boolean> {
    return this.#behind.flush();
  }

  /** Nothing may be recorded after it. */
  async stop(): Promise<void> {
    const written = (await this.flush()) || (await this.flush());
    this.#behind.stop();
    if (!written) this.#lose(this.#behind.waiting);
    if (this.#lost > 0) this.#options.log.warn({ lost: this.#lost }, 'traces were lost in this run');
  }

  /** A trace that goes again is known to the store by its id. */
  async #write(batch: readonly Trace[], failures: number): Promise<Outcome> {
    try {
      await this.#options.store.add(batch);
      return 'taken';
    } catch (thrown) {
      if (thrown instanceof RouterError && thrown.code !== 'store_unavailable') {
        this.#lose(batch.length, thrown);
        return 'refused';
      }
      if (failures === 0) this.#options.log.warn({ err: thrown }, 'traces cannot be written now; the newest requests are kept in memory for a while');
      return 'later';
    }
  }

  /** Told when it begins, and in all at the stop. */
  #lose(count: number, cause?: unknown): void {
    if (this.#lost === 0 && count > 0) this.#options.log.error({ ...(cause === undefined ? {} : { err: cause }) }, 'traces are lost: the store does not take them');
    this.#lost += count;
  }
}
