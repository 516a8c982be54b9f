/** The key-value store's rules over a Map, oldest first. */
import type { KeyValueCalls } from '../store-calls.ts';

interface Kept {
  readonly value: string;
  readonly expiresAt: number | null;
}

/** Synchronous; see `KeyValueStore` for what each call promises. */
export class MemoryKeyValues implements KeyValueCalls {
  readonly #kept = new Map<string, Kept>();

  get(key: string, now: number): string | null {
    const found = this.#kept.get(key);
    return found === undefined || isOver(found, now) ? null : found.value;
  }

  put(key: string, value: string, expiresAt: number | null): void {
    // A Map keeps the place of a key that it has already.
    this.#kept.delete(key);
    this.#kept.set(key, { value, expiresAt });
  }

  delete(key: string, now: number): boolean {
    const there = this.get(key, now) !== null;
    this.#kept.delete(key);
    return there;
  }

  trim(prefix: string, most: number): number {
    const keys = [...this.#kept.keys()].filter((key) => key.startsWith(prefix));
    return this.#remove(keys.slice(0, Math.max(0, keys.length - most)));
  }

  sweep(now: number): number {
    return this.#remove([...this.#kept].filter(([, kept]) => isOver(kept, now)).map(([key]) => key));
  }

  #remove(keys: readonly string[]): number {
    for (const key of keys) this.#kept.delete(key);
    return keys.length;
  }
}

function isOver({ expiresAt }: Kept, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}
