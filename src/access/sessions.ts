/** Sessions of people in a browser who have shown their key once. They are kept in memory: a restart ends them. */
import { forgetOldest } from '../util/forget-oldest.ts';
import { hashOf } from '../util/secret-hash.ts';

const lastsMs = 12 * 3600 * 1000;
const tokenBytes = 32;
/** Sessions at once; the oldest end first. */
const mostSessions = 1000;

interface Session {
  readonly keyId: string;
  /** A key that was rotated, or made anew under the same id, is another. */
  readonly keyHash: string | undefined;
  readonly endsAt: number;
}

export class Sessions {
  /** By the hash of the token. */
  readonly #sessions = new Map<string, Session>();
  readonly #random: (bytes: number) => Uint8Array;
  readonly #keyHashOf: (keyId: string) => string | undefined;

  /** `keyHashOf` tells the hash that the key has now. */
  constructor(random: (bytes: number) => Uint8Array, keyHashOf: (keyId: string) => string | undefined) {
    this.#random = random;
    this.#keyHashOf = keyHashOf;
  }

  /** The token is for the cookie and is not kept. */
  open(keyId: string, at: number): { readonly token: string; readonly endsAt: number } {
    const token = Buffer.from(this.#random(tokenBytes)).toString('base64url');
    const endsAt = at + lastsMs;
    this.#sessions.set(hashOf(token), { keyId, keyHash: this.#keyHashOf(keyId), endsAt });
    forgetOldest(this.#sessions, mostSessions);
    return { token, endsAt };
  }

  /** The key that the session was opened with; null when there is no such session any more. */
  keyOf(token: string, at: number): string | null {
    const session = this.#sessions.get(hashOf(token));
    if (session === undefined || session.endsAt <= at || session.keyHash !== this.#keyHashOf(session.keyId)) return null;
    return session.keyId;
  }

  close(token: string): void {
    this.#sessions.delete(hashOf(token));
  }
}
