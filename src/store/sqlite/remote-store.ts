/** Carries calls to the store's thread, and its answers back. */
import { RouterError } from '../../core/errors.ts';
import type { StoreCall } from '../store-calls.ts';
import type { Answer, FromStore } from './protocol.ts';
import type { StoreThread } from './start-thread.ts';

interface Pending {
  resolve(value: unknown): void;
  reject(error: RouterError): void;
}

/** Opens when the thread says so; after `close`, or when the thread has died, every call rejects with `store_unavailable`. */
export class RemoteStore {
  readonly #thread: StoreThread;
  readonly #pending = new Map<number, Pending>();
  readonly #opened: Promise<void>;
  readonly #gone: Promise<void>;
  #lastId = 0;
  #ended: string | null = null;

  constructor(thread: StoreThread) {
    this.#thread = thread;
    let open: () => void;
    let refuse: (cause: Error) => void;
    let leave: () => void;
    this.#opened = new Promise<void>((resolve, reject) => {
      open = resolve;
      refuse = reject;
    });
    this.#gone = new Promise<void>((resolve) => {
      leave = resolve;
    });
    thread.listen((message) => this.#hear(message, open, refuse), (cause) => {
      this.#end(cause ? `The store has failed: ${cause.message}.` : 'The store is closed.', cause);
      refuse(cause ?? new Error('The store stopped before it was open.'));
      leave();
    });
  }

  /** Rejects with an Error that says what to do. */
  opened(): Promise<void> {
    return this.#opened;
  }

  /** Resolves when what was called before is written and the file is closed. */
  async close(): Promise<void> {
    if (this.#ended === null) {
      this.#ended = 'The store is closed.';
      this.#thread.post({ kind: 'close' });
    }
    await this.#gone;
  }

  /** Rejects with what the store answered. */
  send<Value>(call: StoreCall): Promise<Value> {
    if (this.#ended !== null) return Promise.reject(new RouterError('store_unavailable', this.#ended));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<Value>((resolve, reject) => {
      // The store answers a call with the value that its name promises; both ends are typed by `store-calls.ts`.
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#thread.post({ kind: 'call', id, call });
    });
  }

  #hear(message: FromStore, open: () => void, refuse: (cause: Error) => void): void {
    switch (message.kind) {
      case 'opened': return open();
      case 'refused': return refuse(new Error(message.message));
      case 'answers':
        for (const answer of message.answers) this.#settle(answer);
        return;
      case 'closed': return;
      default: return message satisfies never;
    }
  }

  #settle(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('code' in answer) pending?.reject(new RouterError(answer.code, answer.message));
    else pending?.resolve(answer.value);
  }

  #end(reason: string, cause: Error | undefined): void {
    this.#ended = reason;
    for (const pending of this.#pending.values()) pending.reject(new RouterError('store_unavailable', reason, { cause }));
    this.#pending.clear();
  }
}
