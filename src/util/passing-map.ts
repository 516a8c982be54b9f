/** A map for what comes and goes with requests. */

/** The value is taken out when its key leaves. */
interface Box<Value> {
  value: Value | null;
}

/**
 * Like a Map by text. As entries come and go a Map builds itself new tables, and in V8 an outgrown one, which leads to the next,
 * keeps what it held until a major collection. Here it keeps boxes that were emptied, not whole requests.
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
