/** A map for what comes and goes with requests. */

/** The value is taken out when its key leaves. */
interface Box<Value> {
  value: Value | null;
}

/**
 * Behaves like a Map by text. A Map makes itself new tables as entries come and go, and V8 lets each old one, with the entries it
 * had, live until the next one that old tables lead to dies as well: until a major collection. Here an old table leads to boxes
 * that were emptied, not to whole requests.
 */
export class PassingMap<Value extends object> {
  readonly #boxes = new Map<string, Box<Value>>();

  get size(): number {
    return this.#boxes.size;
  }

  has(key: string): boolean {
    return this.#boxes.has(key);
  }

  get(key: string): Value | undefined {
    return this.#boxes.get(key)?.value ?? undefined;
  }

  set(key: string, value: Value): void {
    const known = this.#boxes.get(key);
    if (known === undefined) this.#boxes.set(key, { value });
    else known.value = value;
  }

  /** Returns what was there. */
  take(key: string): Value | undefined {
    const box = this.#boxes.get(key);
    if (box === undefined) return undefined;
    const value = box.value ?? undefined;
    this.#boxes.delete(key);
    box.value = null;
    return value;
  }

  /** In the order in which the keys came. */
  *values(): Generator<Value> {
    for (const { value } of this.#boxes.values()) if (value !== null) yield value;
  }
}
