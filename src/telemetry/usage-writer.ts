/** Writes gathered token counts to the store, a batch at a time, until the store has taken them. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { MinuteUsage } from '../core/usage.ts';
import type { UsageBatch, UsageStore } from '../store/store.ts';
import { pause } from '../util/pause.ts';
import type { Log } from './telemetry.ts';

export interface UsageWriterOptions {
  readonly clock: Clock;
  readonly store: UsageStore;
  /** Names this run of the router among all that ever write to the store. */
  readonly writer: string;
  readonly log: Log;
}

/** Well within the second that a crash may cost. */
const writeAfterMs = 250;
const firstRetryMs = 500;
const longestRetryMs = 30_000;
const triesAtStop = 4;

export class UsageWriter {
  readonly #options: UsageWriterOptions;
  #gathered: MinuteUsage[] = [];
  #batchNumber = 1;
  /** Handed to the store, and perhaps taken by it. */
  #unconfirmed: UsageBatch | null = null;
  #writing: Promise<boolean> | null = null;
  #cancelTimer: CancelTimer | null = null;
  #failures = 0;
  #stopped = false;

  constructor(options: UsageWriterOptions) {
    this.#options = options;
  }

  /** Of the batch that is being gathered; a row that was added while it had this number may still be added to. */
  get batchNumber(): number {
    return this.#batchNumber;
  }

  add(row: MinuteUsage): void {
    this.#gathered.push(row);
    if (this.#cancelTimer === null && this.#writing === null) this.#writeAfter(writeAfterMs);
  }

  /** Resolves when all that was added before is in the store: true; or the store does not take it now: false. */
  async flush(): Promise<boolean> {
    // What comes meanwhile is not waited for: under load there would be no end.
    const last = this.#batchNumber;
    while (this.#isLeft(last)) if (!(await this.#write())) return false;
    return true;
  }

  /** Writes what is left; gives up, and says so, when the store does not take it within a few tries. */
  async stop(): Promise<void> {
    const { clock, log } = this.#options;
    let written = await this.flush();
    for (let tries = 1; !written && tries < triesAtStop; tries += 1) {
      await pause(clock, firstRetryMs);
      written = await this.flush();
    }
    this.#stopped = true;
    this.#cancelTimer?.();
    if (!written) log.error({ unwritten: summed([...(this.#unconfirmed?.rows ?? []), ...this.#gathered]) }, 'token counts were lost: the store did not take them');
  }

  /** Of the batches up to this number. */
  #isLeft(last: number): boolean {
    return this.#unconfirmed === null ? this.#gathered.length > 0 && this.#batchNumber <= last : this.#unconfirmed.number <= last;
  }

  #writeAfter(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#stopped ? null : this.#options.clock.after(delayMs, () => void this.#write());
  }

  /** One batch, for all who ask while it is on its way; true when the store has it. */
  #write(): Promise<boolean> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#writing ??= this.#writeBatch().finally(() => {
      this.#writing = null;
      if (this.#cancelTimer === null && this.#gathered.length > 0) this.#writeAfter(writeAfterMs);
    });
    return this.#writing;
  }

  async #writeBatch(): Promise<boolean> {
    const { store, log } = this.#options;
    // What may have arrived goes again as it was, so that the store knows it by its number.
    this.#unconfirmed ??= this.#takeGathered();
    try {
      await store.add(this.#unconfirmed);
    } catch (thrown) {
      if (this.#mayRetry(thrown, this.#unconfirmed)) return false;
    }
    if (this.#failures > 0) log.info({ failures: this.#failures }, 'token counts are written again');
    this.#failures = 0;
    this.#unconfirmed = null;
    return true;
  }

  #takeGathered(): UsageBatch {
    const batch = { writer: this.#options.writer, number: this.#batchNumber, rows: this.#gathered };
    this.#gathered = [];
    this.#batchNumber += 1;
    return batch;
  }

  /** A store that is out of order is tried again, later each time; one that refuses these rows would refuse them for ever. */
  #mayRetry(thrown: unknown, batch: UsageBatch): boolean {
    const { log } = this.#options;
    if (thrown instanceof RouterError && thrown.code !== 'store_unavailable') {
      log.error({ err: thrown, unwritten: summed(batch.rows) }, 'token counts were lost: the store refuses them');
      return false;
    }
    this.#failures += 1;
    if (this.#failures === 1) log.warn({ err: thrown }, 'token counts cannot be written now; they are kept in memory and tried again');
    this.#writeAfter(Math.min(longestRetryMs, firstRetryMs * 2 ** (this.#failures - 1)));
    return true;
  }
}

function summed(rows: readonly MinuteUsage[]): Readonly<Record<string, number>> {
  const sum = { requests: 0, promptTokens: 0, completionTokens: 0 };
  for (const row of rows) {
    sum.requests += row.requests;
    sum.promptTokens += row.promptTokens;
    sum.completionTokens += row.completionTokens;
  }
  return sum;
}
