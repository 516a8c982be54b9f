/** A body on its way to a backend, at the speed of both ends, with a limit on the silence of either. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';

/** Iterated once. Whoever stops reading early does not close the caller's connection: an answer may still follow. */
export class GuardedUpload implements AsyncIterable<Uint8Array> {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #over = new AbortController();
  #failure: RouterError | null = null;
  #ended = false;
  /** Runs while the backend has to take the next chunk. A caller is not seen to leave while nobody reads from it. */
  #cancelStall: CancelTimer = () => {};

  constructor(body: AsyncIterable<Uint8Array>, clock: Clock, idleMs: number) {
    this.#chunks = body[Symbol.asyncIterator]();
    this.#clock = clock;
    this.#idleMs = idleMs;
  }

  /** Why it ended early; null: it did not. */
  get failure(): RouterError | null {
    return this.#failure;
  }

  /** Aborted when it has ended early. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => this.#nextForBackend() };
  }

  /** Reads on and drops, so that the caller gets to see an answer that came early; closes the connection when there is more than is worth it. Never rejects. */
  async drop(mostBytes: number): Promise<void> {
    this.#cancelStall();
    try {
      for (let bytes = 0; !this.#ended && bytes <= mostBytes; ) {
        const next = await this.#next();
        if (next.done !== true) bytes += next.value.length;
      }
      if (!this.#ended) await this.#chunks.return?.();
    } catch {
      // Whoever left needs no answer.
    }
  }

  async #nextForBackend(): Promise<IteratorResult<Uint8Array>> {
    this.#cancelStall();
    const next = await this.#next();
    if (next.done !== true) {
      const stalled = new RouterError('backend_timeout', `The backend took nothing of the file for ${this.#idleMs / 1000} s.`);
      this.#cancelStall = this.#clock.after(this.#idleMs, () => void this.#fail(stalled));
    }
    return next;
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    let cancel: CancelTimer = () => {};
    const silence = new Promise<never>((_resolve, reject) => {
      const silent = new RouterError('invalid_request', `Nothing of the file came for ${this.#idleMs / 1000} s. Send it again.`, { status: 408 });
      cancel = this.#clock.after(this.#idleMs, () => reject(silent));
    });
    try {
      const next = await Promise.race([this.#chunks.next(), silence]);
      this.#ended = next.done === true;
      return next;
    } catch (thrown) {
      throw this.#fail(thrown instanceof RouterError ? thrown : new RouterError('cancelled', 'The caller left while sending the file.', { cause: thrown }));
    } finally {
      cancel();
    }
  }

  #fail(failure: RouterError): RouterError {
    this.#ended = true;
    this.#failure ??= failure;
    this.#over.abort();
    return failure;
  }
}
