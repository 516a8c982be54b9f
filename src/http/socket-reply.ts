/** The Reply of a request that came over a socket. */
import type { ServerResponse } from 'node:http';
import type { Reply } from '../pipeline/pipeline.ts';

const smallBytes = 16_384;
const none: Readonly<Record<string, string>> = Object.freeze({});

/** Writes straight to the response; `write` gives a promise only while the caller reads slower than we write. */
export class SocketReply implements Reply {
  readonly #response: ServerResponse;
  readonly #requestId: string;
  #further: Readonly<Record<string, string>> = none;

  constructor(response: ServerResponse, requestId: string) {
    this.#response = response;
    this.#requestId = requestId;
  }

  /** Headers that every answer to this request carries, whatever else is in it. */
  carry(headers: Readonly<Record<string, string>>): void {
    this.#further = this.#further === none ? headers : { ...this.#further, ...headers };
  }

  /** Calls once when the answer is out, or nobody is there to take it. */
  onClosed(run: () => void): void {
    this.#response.once('close', run);
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
    return drained(this.#response);
  }

  end(bytes?: string | Uint8Array): void {
    if (bytes === undefined) this.#response.end();
    else if (typeof bytes === 'string' || bytes.length > smallBytes) this.#response.end(bytes);
    // As Latin-1 text the bytes stay what they are, and leave in one piece together with the head.
    else this.#response.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), 'latin1');
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
