/** Server-sent events to callers who listen on: a heartbeat keeps each line alive, and looks whether its caller may still listen; all end when the router stops. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Reply } from '../pipeline/pipeline.ts';
import { unwatchAbort, watchAbort } from '../util/watch-abort.ts';
import type { Exchange } from './http.ts';

export interface EventStream {
  /** Sends the data of one event, without line ends. While the caller reads slower than we write, it takes the place of what waits to be sent. */
  send(data: string): void;
}

const heartbeatMs = 15_000;
const comment = ': still here\n\n';

export class OpenStreams {
  readonly #clock: Clock;
  readonly #open = new Set<OpenStream>();
  #cancelHeartbeat: CancelTimer | null = null;
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Answers with an event stream. `closed` is called once, later, when the caller has left or may not listen any more, or the router stops. Throws `shutting_down`, `cancelled`, `method_not_allowed`. */
  open(exchange: Exchange, closed: () => void): EventStream {
    if (exchange.method !== 'GET') throw new RouterError('method_not_allowed', 'An event stream is read with GET.', { allow: ['GET'] });
    if (exchange.signal.aborted) throw new RouterError('cancelled', 'The caller left.');
    if (this.#ended) throw new RouterError('shutting_down', 'The router is stopping. Try again in a moment.', { retryAfterMs: 5000 });
    const stream = new OpenStream(exchange, () => {
      unwatchAbort(exchange.signal, stream.leave);
      this.#open.delete(stream);
      closed();
    });
    // A proxy in front must pass events on as they come.
    exchange.reply.head(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
    this.#open.add(stream);
    watchAbort(exchange.signal, stream.leave);
    this.#cancelHeartbeat ??= this.#clock.after(heartbeatMs, () => this.#beat());
    return stream;
  }

  /** Ends all that are open, and takes no more. */
  end(): void {
    this.#ended = true;
    this.#cancelHeartbeat?.();
    for (const stream of [...this.#open]) stream.end();
  }

  #beat(): void {
    for (const stream of [...this.#open]) stream.beat(this.#clock.now());
    this.#cancelHeartbeat = this.#open.size > 0 ? this.#clock.after(heartbeatMs, () => this.#beat()) : null;
  }
}

class OpenStream implements EventStream {
  readonly #reply: Reply;
  readonly #mayStay: Exchange['mayStay'];
  readonly #closed: () => void;
  /** The caller has not read what was written last. */
  #full = false;
  #waiting: string | null = null;
  #isOpen = true;
  readonly leave = (): void => this.#close();

  constructor({ reply, mayStay }: Exchange, closed: () => void) {
    this.#reply = reply;
    this.#mayStay = mayStay;
    this.#closed = closed;
  }

  send(data: string): void {
    if (this.#full) this.#waiting = data;
    else this.#write(`data: ${data}\n\n`);
  }

  /** A key that was revoked, or a session that was closed, hears nothing more. */
  beat(at: number): void {
    if (this.#mayStay?.(at) === false) this.end();
    else if (!this.#full) this.#write(comment);
  }

  end(): void {
    if (!this.#isOpen) return;
    // What the caller does not read would keep the connection, and the stop, waiting.
    if (this.#full) this.#reply.destroy();
    else this.#reply.end();
    this.#close();
  }

  #write(text: string): void {
    if (!this.#isOpen) return;
    const room = this.#reply.write(text);
    if (room === undefined) return;
    this.#full = true;
    void room.then(() => this.#drained());
  }

  #drained(): void {
    this.#full = false;
    const data = this.#waiting;
    this.#waiting = null;
    if (data !== null) this.send(data);
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#closed();
  }
}
