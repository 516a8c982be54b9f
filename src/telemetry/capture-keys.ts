/** Whose requests and answers are kept: the keys that the configuration names, less and more those that an admin has switched since; kept over restarts. */
import { KeptValue, type ValueStore } from '../util/kept-value.ts';

export interface CaptureKey {
  readonly id: string;
  readonly on: boolean;
  readonly source: 'configuration' | 'run-time';
}

type Switched = ReadonlyMap<string, boolean>;

export class CaptureKeys {
  readonly #configured: ReadonlySet<string>;
  /** Only what differs from the configuration. */
  readonly #switched: KeptValue<Switched>;
  /** What holds now, read with each request. */
  #on: ReadonlySet<string>;

  constructor(store: ValueStore, configured: readonly string[]) {
    this.#configured = new Set(configured);
    this.#on = this.#configured;
    this.#switched = new KeptValue<Switched>({
      store,
      key: 'capture-keys.live',
      initial: new Map(),
      write: (switched) => JSON.stringify(Object.fromEntries(switched)),
      // What the file says by now needs no switch.
      read: (text) => new Map(Object.entries(JSON.parse(text) as Record<string, boolean>).filter(([id, on]) => this.#configured.has(id) !== on)),
    });
  }

  /** Takes over what was switched before. Rejects like the store. */
  async load(): Promise<void> {
    await this.#switched.load();
    this.#on = this.#all();
  }

  has(id: string): boolean {
    return this.#on.has(id);
  }

  list(): readonly CaptureKey[] {
    const switched = this.#switched.now;
    const ids = [...new Set([...this.#configured, ...switched.keys()])].sort();
    return ids.map((id) => ({ id, on: this.#on.has(id), source: switched.has(id) ? 'run-time' : 'configuration' }));
  }

  /** Holds and is kept when it resolves. Rejects like the store; then nothing has changed. */
  async set(id: string, on: boolean): Promise<void> {
    await this.#switched.change((before) => {
      const next = new Map(before);
      if (this.#configured.has(id) === on) next.delete(id);
      else next.set(id, on);
      return next;
    });
    this.#on = this.#all();
  }

  #all(): ReadonlySet<string> {
    const on = new Set(this.#configured);
    for (const [id, wanted] of this.#switched.now) wanted ? on.add(id) : on.delete(id);
    return on;
  }
}
