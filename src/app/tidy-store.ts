/** Lets go, now and then, of what the store need not keep: keys over their time, and the minutes of long ago. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import { daySeconds } from '../core/usage.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/telemetry.ts';
import type { Part } from './lifecycle.ts';

const everyMs = 3_600_000;
/** Minutes of usage are kept so long; then one row a day takes their place. */
const minuteDays = 90;

export class StoreTidying implements Part {
  readonly name = 'tidying';
  readonly #clock: Clock;
  readonly #store: Pick<Store, 'kv' | 'usage'>;
  readonly #log: Log;
  #cancel: CancelTimer | null = null;

  constructor(clock: Clock, store: Pick<Store, 'kv' | 'usage'>, log: Log) {
    this.#clock = clock;
    this.#store = store;
    this.#log = log;
  }

  start(): void {
    this.#cancel = this.#clock.after(everyMs, () => this.start());
    this.#tidy().catch((err: unknown) => this.#log.warn({ err }, 'the store could not be tidied'));
  }

  stop(): void {
    this.#cancel?.();
  }

  async #tidy(): Promise<void> {
    const now = this.#clock.now();
    const today = Math.floor(now / 1000 / daySeconds) * daySeconds;
    await this.#store.kv.sweep(now);
    await this.#store.usage.rollUp(today - minuteDays * daySeconds, true);
  }
}
