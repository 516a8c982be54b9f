/** Remembers which backend has read the beginning of a conversation; bounded, and forgetful. Time comes in as an argument. */

/** Where a conversation was last, and how many tokens of it were read there (an estimate). */
export interface Pin {
  readonly backendId: string;
  /** The name that the backend has for it. */
  readonly model: string;
  readonly tokens: number;
}

export interface LastingPin extends Pin {
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Enough for every conversation of a large office; about 2 MB. */
const mostConversations = 10_000;

export class AffinityTable {
  readonly #ttlMs: number;
  readonly #most: number;
  /** The one that was used longest ago comes first. */
  readonly #pins = new Map<number, LastingPin>();

  constructor(ttlMs: number, most = mostConversations) {
    this.#ttlMs = ttlMs;
    this.#most = most;
  }

  find(conversation: number, at: number): Pin | null {
    const pin = this.#pins.get(conversation);
    return pin === undefined || at >= pin.expiresAt ? null : pin;
  }

  /** From now on the conversation is there, for the whole of the time to live. */
  remember(conversation: number, { backendId, model, tokens }: Pin, at: number): void {
    this.#pins.delete(conversation);
    this.#pins.set(conversation, { backendId, model, tokens, expiresAt: at + this.#ttlMs });
    this.#forget(at);
  }

  /** Those that hold now, the latest last. */
  entries(at: number): readonly LastingPin[] {
    return [...this.#pins.values()].filter((pin) => at < pin.expiresAt);
  }

  /** All live equally long, so the first to expire are in front. */
  #forget(at: number): void {
    for (const [conversation, pin] of this.#pins) {
      if (this.#pins.size <= this.#most && at < pin.expiresAt) return;
      this.#pins.delete(conversation);
    }
  }
}
