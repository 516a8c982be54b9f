/** Keeps the book of enrolled machines in the store: what it says is written before it holds. */
import { RouterError } from '../core/errors.ts';
import type { KeyValueStore } from '../store/store.ts';
import { type EnrolmentBook, emptyBook, readBook, writeBook } from './enrolment.ts';

const key = 'fleet/enrolments';

export class KeptBook {
  readonly #store: Pick<KeyValueStore, 'get' | 'put'>;
  #book: EnrolmentBook = emptyBook;
  /** One change after another, each made from what the one before left. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: Pick<KeyValueStore, 'get' | 'put'>) {
    this.#store = store;
  }

  /** Rejects with an Error that says what to do with a book that cannot be read: whoever is in it must not be taken for a stranger. */
  async load(): Promise<void> {
    const text = await this.#store.get(key);
    if (text === null) return;
    const book = readBook(text);
    if (book === null) throw new Error('The list of enrolled machines in the store was written by another version of this program. Use that version, or another store.path.');
    this.#book = book;
  }

  get now(): EnrolmentBook {
    return this.#book;
  }

  /** Resolves when the change is on disk and holds. Rejects with `store_unavailable`, or what `change` throws; then nothing has changed. */
  change(change: (book: EnrolmentBook) => EnrolmentBook): Promise<void> {
    const run = this.#last.then(async () => {
      const next = change(this.#book);
      if (next === this.#book) return;
      try {
        await this.#store.put(key, writeBook(next), null);
      } catch (cause) {
        throw cause instanceof RouterError ? cause : new RouterError('store_unavailable', 'The list of enrolled machines could not be written; nothing has changed.', { cause });
      }
      this.#book = next;
    });
    this.#last = run.catch(() => {});
    return run;
  }
}
