/** One HTTP exchange with a backend: takes what undici delivers, and gives it to the one who reads. */
import type { Dispatcher } from 'undici';
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import { unwatchAbort, watchAbort } from '../util/watch-abort.ts';
import type { ByteSource, Timeouts, UpstreamAnswer } from './backend.ts';
import { CallTimer } from './call-timer.ts';
import { connectionFailure, timeLimitFailure, type Limit } from './upstream-failure.ts';

/** Unread bytes beyond which the backend is made to wait. */
const pauseAtBytes = 256 * 1024;
/** As much of an error answer as is worth reading. */
const refusalBytes = 64 * 1024;

export interface CallTerms {
  readonly backendId: string;
  readonly timeouts: Timeouts;
  readonly clock: Clock;
  /** Error answers are answers too. */
  readonly anyStatus?: boolean;
  /** What an answer other than 2xx means. */
  readonly readRefusal: (status: number, body: string, retryAfter: string | undefined) => RouterError;
}

/** Pass it to `dispatch`, then await `answer`: resolves on a 2xx head, rejects with a RouterError. Read by one reader at a time. */
export class UpstreamCall implements ByteSource, Dispatcher.DispatchHandler {
  readonly answer: Promise<UpstreamAnswer>;
  readonly #terms: CallTerms;
  readonly #signal: AbortSignal;
  readonly #timer: CallTimer;
  readonly #onAbort = (): void => this.cancel();
  #resolve: (answer: UpstreamAnswer) => void = () => {};
  #reject: (error: RouterError) => void = () => {};
  #controller: Dispatcher.DispatchController | null = null;
  #phase: 'waiting' | 'refused' | 'answering' | 'over' = 'waiting';
  #failure: RouterError | null = null;
  #status = 0;
  #retryAfter: string | undefined;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #wake: (() => void) | null = null;

  constructor(terms: CallTerms, signal: AbortSignal) {
    this.#terms = terms;
    this.#signal = signal;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = new CallTimer(terms.timeouts, terms.clock, this);
    watchAbort(signal, this.#onAbort);
    if (signal.aborted) this.cancel();
  }

  read(): readonly Uint8Array[] | null | Promise<readonly Uint8Array[] | null> {
    if (this.#bytes > 0 || this.#phase === 'over') return this.#take();
    return new Promise<void>((resolve) => {
      this.#wake = resolve;
    }).then(() => this.#take());
  }

  /** Closes the connection at once unless the answer has ended; a read then rejects with `cancelled`. */
  cancel(): void {
    this.#breakOff(new RouterError('cancelled', 'The request was cancelled.'));
  }

  get readerIsBehind(): boolean {
    return this.#bytes > 0;
  }

  timedOut(limit: Limit): void {
    const { backendId, timeouts } = this.#terms;
    this.#breakOff(timeLimitFailure(limit, backendId, timeouts));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It was cancelled while it waited for a connection, which stays usable when this throws.
    if (this.#failure) throw this.#failure;
    this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    if (status < 200) return;
    this.#status = status;
    if (status < 300 || this.#terms.anyStatus === true) {
      this.#phase = 'answering';
      this.#resolve({ status, contentType: firstOf(headers['content-type']) ?? '', body: this });
    } else {
      this.#phase = 'refused';
      this.#retryAfter = firstOf(headers['retry-after']);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#phase === 'over') return;
    this.#timer.touch();
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#phase === 'refused') {
      if (this.#bytes < refusalBytes) return;
      this.#refuse();
      controller.abort(new Error('enough of the error answer was read'));
      return;
    }
    if (this.#bytes >= pauseAtBytes) controller.pause();
    this.#wakeReader();
  }

  onResponseEnd(): void {
    if (this.#phase === 'refused') this.#refuse();
    else this.#finish(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'refused') return this.#refuse();
    const { backendId, timeouts } = this.#terms;
    this.#finish(connectionFailure(error, backendId, timeouts, this.#phase === 'answering'));
  }

  #take(): readonly Uint8Array[] | null {
    if (this.#bytes === 0) {
      if (this.#failure) throw this.#failure;
      return null;
    }
    const taken = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    if (this.#controller?.paused) {
      this.#timer.touch();
      this.#controller.resume();
    }
    return taken;
  }

  #breakOff(error: RouterError): void {
    if (this.#phase === 'over') return;
    this.#chunks = [];
    this.#bytes = 0;
    this.#finish(error);
    this.#controller?.abort(error);
  }

  #refuse(): void {
    const body = Buffer.concat(this.#chunks).toString('utf8');
    this.#chunks = [];
    this.#bytes = 0;
    this.#finish(this.#terms.readRefusal(this.#status, body, this.#retryAfter));
  }

  #finish(failure: RouterError | null): void {
    this.#phase = 'over';
    this.#failure = failure;
    this.#timer.stop();
    unwatchAbort(this.#signal, this.#onAbort);
    if (failure) this.#reject(failure);
    this.#wakeReader();
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
