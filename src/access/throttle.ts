/** Slows down those who try keys: after some failures an address may show none for a while. */
import { forgetOldest } from '../util/forget-oldest.ts';

const failuresAllowed = 10;
const windowMs = 60_000;
/** Addresses remembered at most; the oldest are forgotten. */
const mostAddresses = 10_000;

interface Failures {
  readonly since: number;
  readonly count: number;
}

export class Throttle {
  readonly #failures = new Map<string, Failures>();
  /** Keys that were right, by address: their owners are not locked out by a neighbour behind the same one. */
  readonly #good = new Map<string, number>();

  /** How long the address has to wait before it may show a key again; 0: it may now. */
  waitMs(address: string, at: number): number {
    const failures = this.#failures.get(address);
    if (failures === undefined || failures.since + windowMs <= at || failures.count < failuresAllowed) return 0;
    return failures.since + windowMs - at;
  }

  failed(address: string, at: number): void {
    const before = this.#failures.get(address);
    const current = before !== undefined && before.since + windowMs > at ? before : { since: at, count: 0 };
    this.#failures.delete(address);
    this.#failures.set(address, { since: current.since, count: current.count + 1 });
    forgetOldest(this.#failures, mostAddresses);
  }

  /** Whoever showed this key from this address lately is known; `hash` is that of the key. */
  isKnown(address: string, hash: string): boolean {
    return this.#good.has(`${address} ${hash}`);
  }

  succeeded(address: string, hash: string, at: number): void {
    const who = `${address} ${hash}`;
    this.#good.delete(who);
    this.#good.set(who, at);
    forgetOldest(this.#good, mostAddresses);
  }
}
