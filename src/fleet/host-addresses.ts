/** Which addresses the names of hosts stand for, asked for in the background: a machine reports from an address, and may be configured by its name. */
import { isIP } from 'node:net';
import type { CancelTimer, Clock } from '../core/clock.ts';

/** Rejects where nobody knows the name. */
export type LookUp = (host: string) => Promise<readonly string[]>;

export interface HostAddressOptions {
  readonly clock: Clock;
  readonly lookUp: LookUp;
  /** Something else is known of a name. */
  changed(): void;
}

interface Known {
  /** Null: the first answer is awaited. */
  addresses: readonly string[] | null;
  askedAt: number;
  asking: boolean;
}

/** Addresses move; nobody asks more often, and only while somebody wants to know. */
const askAgainMs = 300_000;
/** Longer than this nothing waits for an answer, which counts all the same when it comes. */
const awaitedMs = 3_000;

export class HostAddresses {
  readonly #options: HostAddressOptions;
  readonly #known = new Map<string, Known>();
  readonly #timers = new Set<CancelTimer>();
  #stopped = false;

  constructor(options: HostAddressOptions) {
    this.#options = options;
  }

  /** As far as is known now, at once; null: the answer is awaited, and will be told. */
  of(host: string): readonly string[] | null {
    if (isIP(host) !== 0) return noAddress;
    const { clock } = this.#options;
    const known = this.#known.get(host) ?? { addresses: null, askedAt: Number.NEGATIVE_INFINITY, asking: false };
    this.#known.set(host, known);
    if (!known.asking && !this.#stopped && clock.now() - known.askedAt >= askAgainMs) {
      known.asking = true;
      known.askedAt = clock.now();
      void this.#ask(host, known);
    }
    return known.addresses;
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#timers) cancel();
  }

  async #ask(host: string, known: Known): Promise<void> {
    const cancel = this.#options.clock.after(awaitedMs, () => {
      if (known.addresses === null) this.#tell(known, noAddress);
    });
    this.#timers.add(cancel);
    try {
      this.#tell(known, await this.#options.lookUp(host));
    } catch {
      // What was known goes on: that nobody answers now says nothing else.
      if (known.addresses === null) this.#tell(known, noAddress);
    } finally {
      cancel();
      this.#timers.delete(cancel);
      known.asking = false;
    }
  }

  #tell(known: Known, addresses: readonly string[]): void {
    const same = known.addresses?.length === addresses.length && addresses.every((address) => known.addresses?.includes(address));
    known.addresses = addresses;
    if (!same && !this.#stopped) this.#options.changed();
  }
}

const noAddress: readonly string[] = [];
