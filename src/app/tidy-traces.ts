/** Lets go, every few minutes, of traces that are too old or too many, and of figures that are older still. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/telemetry.ts';
import type { Part } from './lifecycle.ts';

/** How many traces are kept, and how long. */
export interface TraceRetention {
  readonly retainDays: number;
  readonly maxRows: number;
}

const everyMs = 300_000;
const dayMs = 86_400_000;
/** Figures of hours and of days outlive the traces that they come from. */
const hourFiguresDays = 40;
const dayFiguresDays = 400;
/** So few go at once that whoever else needs the store hardly waits. */
const atOnce = 2_000;

export class TraceTidying implements Part {
  readonly name = 'traces tidying';
  readonly #clock: Clock;
  readonly #store: Pick<Store, 'traces'>;
  readonly #log: Log;
  readonly #retention: TraceRetention;
  #cancel: CancelTimer | null = null;
  #stopped = false;

  constructor(clock: Clock, store: Pick<Store, 'traces'>, log: Log, retention: TraceRetention) {
    this.#clock = clock;
    this.#store = store;
    this.#log = log;
    this.#retention = retention;
  }

  start(): void {
    this.#cancel = this.#clock.after(everyMs, () => this.start());
    this.#sweep().catch((err: unknown) => this.#log.warn({ err }, 'old traces could not be let go'));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  async #sweep(): Promise<void> {
    const { retainDays, maxRows } = this.#retention;
    const daysAgo = (days: number): number => this.#clock.now() - days * dayMs;
    const limits = { before: daysAgo(retainDays), most: maxRows, atOnce, hoursBefore: daysAgo(Math.max(hourFiguresDays, retainDays)), daysBefore: daysAgo(Math.max(dayFiguresDays, retainDays)) };
    while (!this.#stopped && (await this.#store.traces.sweep(limits)) === atOnce);
  }
}
