/** The Reply of a request that came over a socket. */
import type { ServerResponse } from 'node:http';
import type { Reply } from '../pipeline/pipeline.ts';

/** How long a caller may leave an answer unread. */
export const unreadMs = 120_000;

const smallBytes = 16_384;
const none: Readonly<Record<string, string>> = Object.freeze({});

/** Writes straight to the response; `write` gives a promise only while the caller reads slower than we write. */
export class SocketReply implements Reply {
  readonly #response: ServerResponse;
  readonly #requestId: string;
  readonly #unreadMs: number;
  #further: Readonly<Record<string, string>> = none;

  constructor(response: ServerResponse, requestId: string, patienceMs = unreadMs) {
    this.#response = response;
    this.#requestId = requestId;
    this.#unreadMs = patienceMs;
  }

  /** Headers that every answer to this request carries, whatever else is in it. */
  carry(headers: Readonly<Record<string, string>>): void {
    this.#further = this.#further === none ? headers : { ...this.#further, ...headers };
  }

  /** Calls once when the answer is out, or nobody is there to take it. */
  onClosed(run: () => void): void {
    this.#response.once('close', run);
  }

  /** Tells a caller who waits for it (`Expect: 100-continue`) to send the body. */
  invite(): void {
    this.#response.writeContinue();
  }

  get headSent(): boolean {
    return this.#response.headersSent;
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    const list = ['x-oar-request-id', this.#requestId];
    for (const name in this.#further) list.push(name, this.#further[name] ?? '');
    for (const name in headers) list.push(name, headers[name] ?? '');
    this.#response.writeHead(status, list);
  }

  write(bytes: string | Uint8Array): Promise<void> | undefined {
    if (this.#response.destroyed || this.#response.write(bytes)) return undefined;
    return this.#drained();
  }

  end(bytes?: string | Uint8Array): void {
    this.#finish(bytes);
    // What is still on its way keeps its memory until it is read: not for ever.
    if (this.#response.writableLength > 0) this.#limitReading();
  }

  #limitReading(): void {
    const { socket } = this.#response;
    socket?.setTimeout(this.#unreadMs);
    // Before the server sets the time that a connection may wait for its next request.
    this.#response.prependOnceListener('finish', () => socket?.setTimeout(0));
  }

  #finish(bytes: string | Uint8Array | undefined): void {
    if (bytes === undefined) this.#response.end();
    else if (typeof bytes === 'string' || bytes.length > smallBytes) this.#response.end(bytes);
    // As Latin-1 text the bytes stay what they are, and leave in one piece together with the head.
    else this.#response.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), 'latin1');
  }

  /** A socket that moves nothing for so long is closed by the server; while it waits for us it may be silent. */
  async #drained(): Promise<void> {
    const { socket } = this.#response;
    socket?.setTimeout(this.#unreadMs);
    await drained(this.#response);
    socket?.setTimeout(0);
  }

  destroy(): void {
    this.#response.destroy();
  }
}

/** Resolves when the socket takes more, or is gone: a writer must never wait for a caller that left. */
export function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
