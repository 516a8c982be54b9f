/** Makes keys, and tells which of the known hashes a shown key has. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Bytes of randomness in a key: far beyond guessing, so that a fast hash is safe. */
const secretBytes = 32;

/** A new key, to be shown once. `random` gives so many random bytes. */
export function newSecret(random: (bytes: number) => Uint8Array): string {
  return `oar_${Buffer.from(random(secretBytes)).toString('base64url')}`;
}

/** A set of keys by their hashes. Hashes that are no hashes (placeholders) match nothing. */
export class KeyRing<Entry> {
  readonly #entries: readonly { readonly digest: Buffer; readonly entry: Entry }[];

  constructor(entries: readonly Entry[], hash: (entry: Entry) => string) {
    this.#entries = entries.flatMap((entry) => {
      const digits = /^sha256:([0-9a-f]{64})$/i.exec(hash(entry))?.[1];
      return digits === undefined ? [] : [{ digest: Buffer.from(digits, 'hex'), entry }];
    });
  }

  /** Compares with every hash, each in constant time, so that the time taken tells nothing. Null: none matches. */
  find(secret: string): Entry | null {
    if (this.#entries.length === 0) return null;
    const shown = createHash('sha256').update(secret, 'utf8').digest();
    let found: Entry | null = null;
    for (const { digest, entry } of this.#entries) {
      if (timingSafeEqual(digest, shown)) found ??= entry;
    }
    return found;
  }
}
