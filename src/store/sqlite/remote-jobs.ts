/** A JobStore whose calls travel to the store's thread and back. */
import { RouterError } from '../../core/errors.ts';
import type { JobStore } from '../store.ts';
import type { Answer, FromStore, JobCall } from './protocol.ts';
import type { StoreThread } from './start-thread.ts';

interface Pending {
  resolve(value: unknown): void;
  reject(error: RouterError): void;
}

/** Opens when the thread says so; after `close`, or when the thread has died, every call rejects with `store_unavailable`. */
export class RemoteJobs implements JobStore {
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
      this.#end(cause ? `The job store has failed: ${cause.message}.` : 'The job store is closed.', cause);
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
      this.#ended = 'The job store is closed.';
      this.#thread.post({ kind: 'close' });
    }
    await this.#gone;
  }

  add(...args: Parameters<JobStore['add']>): Promise<void> {
    return this.#call({ name: 'add', args });
  }

  get(...args: Parameters<JobStore['get']>): ReturnType<JobStore['get']> {
    return this.#call({ name: 'get', args });
  }

  list(...args: Parameters<JobStore['list']>): ReturnType<JobStore['list']> {
    return this.#call({ name: 'list', args });
  }

  start(...args: Parameters<JobStore['start']>): Promise<boolean> {
    return this.#call({ name: 'start', args });
  }

  finish(...args: Parameters<JobStore['finish']>): Promise<boolean> {
    return this.#call({ name: 'finish', args });
  }

  requeue(...args: Parameters<JobStore['requeue']>): Promise<boolean> {
    return this.#call({ name: 'requeue', args });
  }

  recover(): ReturnType<JobStore['recover']> {
    return this.#call({ name: 'recover', args: [] });
  }

  sweep(...args: Parameters<JobStore['sweep']>): Promise<number> {
    return this.#call({ name: 'sweep', args });
  }

  counts(): ReturnType<JobStore['counts']> {
    return this.#call({ name: 'counts', args: [] });
  }

  #call<Value>(call: JobCall): Promise<Value> {
    if (this.#ended !== null) return Promise.reject(new RouterError('store_unavailable', this.#ended));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<Value>((resolve, reject) => {
      // The store answers a call with the value that its name promises; both ends are typed by `protocol.ts`.
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
