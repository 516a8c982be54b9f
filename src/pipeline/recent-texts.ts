/** The texts that were written or read last, within bounds of number and size. */

/** Characters of all texts together; a text holds a whole conversation. */
const mostCharacters = 32 * 1024 * 1024;

interface Entry {
  readonly text: string;
  readonly expiresAt: number;
}

export class RecentTexts {
  readonly #most: number;
  readonly #mostCharacters: number;
  readonly #entries = new Map<string, Entry>();
  #characters = 0;

  constructor(most: number, characters: number = mostCharacters) {
    this.#most = most;
    this.#mostCharacters = characters;
  }

  /** Null when it is not here, or its time is over. */
  get(key: string, now: number): string | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    this.delete(key);
    if (entry.expiresAt <= now) return null;
    this.set(key, entry.text, entry.expiresAt);
    return entry.text;
  }

  /** The longest unused make room. */
  set(key: string, text: string, expiresAt: number): void {
    this.delete(key);
    this.#entries.set(key, { text, expiresAt });
    this.#characters += text.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#most && this.#characters <= this.#mostCharacters) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#characters -= entry.text.length;
  }
}
