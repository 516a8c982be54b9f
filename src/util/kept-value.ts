/** One value that changes while the router runs, and outlives it. */

/** As much of the key-value store as it takes. */
export interface ValueStore {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, expiresAt: number | null): Promise<void>;
}

export interface KeptValueOptions<Value> {
  readonly store: ValueStore;
  readonly key: string;
  /** Until something else was kept. */
  readonly initial: Value;
  write(value: Value): string;
  /** Of what `write` wrote, in this version or an earlier one; what it throws, `load` rejects with. */
  read(text: string): Value;
}

/** What is on disk is what holds: a change that could not be written has not been made. */
export class KeptValue<Value> {
  readonly #options: KeptValueOptions<Value>;
  #now: Value;
  /** One change after another, each made from what the one before left, so that none is lost. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: KeptValueOptions<Value>) {
    this.#options = options;
    this.#now = options.initial;
  }

  get now(): Value {
    return this.#now;
  }

  /** Takes over what was kept before. Rejects like the store. */
  async load(): Promise<void> {
    const { store, key, read } = this.#options;
    const text = await store.get(key);
    if (text !== null) this.#now = read(text);
  }

  /** Resolves with what holds then, which is on disk. The same value again is no change. Rejects like the store, or with what `change` throws; then nothing has changed. */
  change(change: (now: Value) => Value): Promise<Value> {
    const run = this.#last.then(async () => {
      const next = change(this.#now);
      if (next === this.#now) return next;
      await this.#options.store.put(this.#options.key, this.#options.write(next), null);
      this.#now = next;
      return next;
    });
    this.#last = run.catch(() => {});
    return run;
  }
}
