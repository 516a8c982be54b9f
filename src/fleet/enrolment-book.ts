/** Keeps the book of enrolled machines in the store: what it says is written before it holds. */
import { RouterError } from '../core/errors.ts';
import { KeptValue, type ValueStore } from '../util/kept-value.ts';
import { type EnrolmentBook, emptyBook, readBook, writeBook } from './enrolment.ts';

export class KeptBook {
  readonly #kept: KeptValue<EnrolmentBook>;

  constructor(store: ValueStore) {
    this.#kept = new KeptValue({ store: { get: (key) => store.get(key), put: (...written) => store.put(...written).catch(notWritten) }, key: 'fleet/enrolments', initial: emptyBook, write: writeBook, read: wholeBook });
  }

  /** Rejects with an Error that says what to do with a book that cannot be read: whoever is in it must not be taken for a stranger. */
  load(): Promise<void> {
    return this.#kept.load();
  }

  get now(): EnrolmentBook {
    return this.#kept.now;
  }

  /** Resolves when the change is on disk and holds. Rejects with `store_unavailable`, or what `change` throws; then nothing has changed. */
  async change(change: (book: EnrolmentBook) => EnrolmentBook): Promise<void> {
    await this.#kept.change(change);
  }
}

function wholeBook(text: string): EnrolmentBook {
  const book = readBook(text);
  if (book === null) throw new Error('The list of enrolled machines in the store was written by another version of this program. Use that version, or another store.path.');
  return book;
}

function notWritten(cause: unknown): never {
  throw cause instanceof RouterError ? cause : new RouterError('store_unavailable', 'The list of enrolled machines could not be written; nothing has changed.', { cause });
}
