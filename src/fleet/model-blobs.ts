/** Remembers which backends hold which uploaded files, and where the next ones go. */
import type { Clock } from '../core/clock.ts';
import { forgetOldest } from '../util/forget-oldest.ts';

/** Files of one model follow each other within this time, so they must lie on one backend. */
const togetherMs = 3_600_000;
/** The oldest are forgotten: the backends can be asked. */
const mostDigests = 10_000;

export class BlobPlaces {
  readonly #clock: Clock;
  readonly #holders = new Map<string, Set<string>>();
  #last: { readonly backendId: string; readonly at: number } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Where the last upload went, or was going to; null: long ago, or nowhere. */
  get last(): string | null {
    const last = this.#last;
    return last === null || this.#clock.now() - last.at > togetherMs ? null : last.backendId;
  }

  uploadsTo(backendId: string): void {
    this.#last = { backendId, at: this.#clock.now() };
  }

  holds(backendId: string, digest: string): void {
    const key = blobKey(digest);
    const holders = this.#holders.get(key) ?? new Set();
    holders.add(backendId);
    this.#holders.delete(key);
    this.#holders.set(key, holders);
    forgetOldest(this.#holders, mostDigests);
  }

  /** Backends that are known to hold all of them. */
  holdersOf(digests: readonly string[]): ReadonlySet<string> {
    const [first = new Set<string>(), ...others] = digests.map((digest) => this.#holders.get(blobKey(digest)) ?? new Set<string>());
    return new Set([...first].filter((backendId) => others.every((holders) => holders.has(backendId))));
  }
}

/** Ollama takes both forms, and any case. */
function blobKey(digest: string): string {
  return digest.toLowerCase().replace('sha256-', 'sha256:');
}
