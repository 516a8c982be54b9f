/** Keeps an event stream's connection alive while its request waits (ruling 11). */
import type { CancelTimer, Clock } from '../core/clock.ts';
import type { Reply } from './pipeline.ts';

/**
 * After `holdHeadMs` without an answer the head is sent and comments follow at the same interval,
 * so that proxies and clients with a first-byte limit stay. Until then a failure can still become a clean status.
 */
export class HeadKeeper {
  readonly #clock: Clock;
  readonly #reply: Reply;
  readonly #holdHeadMs: number;
  readonly #headers: () => Readonly<Record<string, string>>;
  #words: () => string = () => 'waiting';
  #cancel: CancelTimer = () => {};

  constructor(clock: Clock, reply: Reply, holdHeadMs: number, headers: () => Readonly<Record<string, string>>) {
    this.#clock = clock;
    this.#reply = reply;
    this.#holdHeadMs = holdHeadMs;
    this.#headers = headers;
    this.#arm();
  }

  /** What the comments say from now on, in one line. */
  tell(words: () => string): void {
    this.#words = words;
  }

  /** Call before the first byte of an answer, and in any case in the end. */
  stop(): void {
    this.#cancel();
  }

  #arm(): void {
    this.#cancel = this.#clock.after(this.#holdHeadMs, () => {
      if (!this.#reply.headSent) this.#reply.head(200, this.#headers());
      // A slow reader needs no more comments than it can take; what it does not read is a few bytes.
      void this.#reply.write(`: ${this.#words()}\n\n`);
      this.#arm();
    });
  }
}
