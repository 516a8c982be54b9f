/** The key-value store's rules over a Map, oldest first. */
import { textBytes } from '../retention.ts';
import type { KeyListing, KeyPage } from '../store.ts';
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

  list({ prefix, limit, before, headChars }: KeyPage, now: number): KeyListing[] {
    const all = [...this.#kept].reverse();
    const start = before === undefined ? 0 : all.findIndex(([key]) => key === before) + 1;
    if (before !== undefined && start === 0) return [];
    const found = all.slice(start).filter(([key, kept]) => key.startsWith(prefix) && !isOver(kept, now)).slice(0, limit);
    // A character is what SQLite counts as one: a code point.
    return found.map(([key, { value, expiresAt }]) => ({ key, head: [...value.slice(0, headChars * 2)].slice(0, headChars).join(''), bytes: textBytes(value), expiresAt }));
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
