/** Remembers when each key was used last: at once in memory, and now and then in the store. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { KeyValueStore } from '../store/store.ts';
import type { Log } from '../telemetry/telemetry.ts';

interface Use {
  at: number;
  /** What the store has. */
  written: number;
}

/** No key is written more often. */
const writeEveryMs = 60_000;
/** A key that was revoked leaves nothing for ever. */
const keptMs = 400 * 86_400_000;

export class LastUsed {
  readonly #clock: Clock;
  readonly #store: KeyValueStore;
  readonly #log: Log;
  readonly #uses = new Map<string, Use>();
  #cancel: CancelTimer | null = null;

  constructor(clock: Clock, store: KeyValueStore, log: Log) {
    this.#clock = clock;
    this.#store = store;
    this.#log = log;
  }

  /** Costs no I/O. */
  used(keyId: string, at: number): void {
    const use = this.#uses.get(keyId);
    if (use !== undefined) use.at = at;
    else this.#uses.set(keyId, { at, written: 0 });
    this.#cancel ??= this.#clock.after(writeEveryMs, () => void this.#write());
  }

  /** Epoch milliseconds; null: never. Rejects with `store_unavailable`. */
  async at(keyId: string): Promise<number | null> {
    const use = this.#uses.get(keyId);
    if (use !== undefined) return use.at;
    const text = await this.#store.get(nameOf(keyId));
    return text === null ? null : Number(text);
  }

  /** Another key may have this id from now on. */
  async forget(keyId: string): Promise<void> {
    this.#uses.delete(keyId);
    await this.#store.delete(nameOf(keyId)).catch((err: unknown) => this.#complain(err));
  }

  async stop(): Promise<void> {
    await this.#write();
    this.#cancel?.();
    this.#cancel = null;
  }

  async #write(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    const due = [...this.#uses].filter(([, use]) => use.at !== use.written);
    await Promise.all(due.map(async ([keyId, use]) => {
      const { at } = use;
      await this.#store.put(nameOf(keyId), String(Math.round(at)), at + keptMs);
      use.written = at;
    })).catch((err: unknown) => this.#complain(err));
  }

  #complain(err: unknown): void {
    this.#log.warn({ err }, 'when keys were used last could not be written');
  }
}

function nameOf(keyId: string): string {
  return `access:used:${keyId}`;
}
