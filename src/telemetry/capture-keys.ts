/** Whose requests and answers are kept: the keys that the configuration names, less and more those that an admin has switched since; kept over restarts. */
import type { KeyValueStore } from '../store/store.ts';

export interface CaptureKey {
  readonly id: string;
  readonly on: boolean;
  readonly source: 'configuration' | 'run-time';
}

const storeKey = 'capture-keys.live';

export class CaptureKeys {
  readonly #kv: Pick<KeyValueStore, 'get' | 'put'>;
  readonly #configured: ReadonlySet<string>;
  /** Only what differs from the configuration. */
  #switched: ReadonlyMap<string, boolean> = new Map();
  /** What holds now, read with each request. */
  #on: ReadonlySet<string>;
  /** One change after the other, so that none is lost. */
  #work: Promise<void> = Promise.resolve();

  constructor(kv: Pick<KeyValueStore, 'get' | 'put'>, configured: readonly string[]) {
    this.#kv = kv;
    this.#configured = new Set(configured);
    this.#on = this.#configured;
  }

  /** Takes over what was switched before. Rejects like the store. */
  async load(): Promise<void> {
    const written = await this.#kv.get(storeKey);
    // Only `#change` writes it.
    if (written !== null) this.#take(new Map(Object.entries(JSON.parse(written) as Record<string, boolean>)));
  }

  has(id: string): boolean {
    return this.#on.has(id);
  }

  list(): readonly CaptureKey[] {
    const ids = [...new Set([...this.#configured, ...this.#switched.keys()])].sort();
    return ids.map((id) => ({ id, on: this.#on.has(id), source: this.#switched.has(id) ? 'run-time' : 'configuration' }));
  }

  /** Holds and is kept when it resolves. Rejects like the store; then nothing has changed. */
  set(id: string, on: boolean): Promise<void> {
    const change = this.#work.then(() => this.#change(id, on));
    this.#work = change.catch(() => {});
    return change;
  }

  async #change(id: string, on: boolean): Promise<void> {
    const next = new Map(this.#switched);
    if (this.#configured.has(id) === on) next.delete(id);
    else next.set(id, on);
    await this.#kv.put(storeKey, JSON.stringify(Object.fromEntries(next)), null);
    this.#take(next);
  }

  #take(switched: ReadonlyMap<string, boolean>): void {
    // What the file says by now needs no switch.
    this.#switched = new Map([...switched].filter(([id, on]) => this.#configured.has(id) !== on));
    const on = new Set(this.#configured);
    for (const [id, wanted] of this.#switched) wanted ? on.add(id) : on.delete(id);
    this.#on = on;
  }
}
