/** A connection that is kept, over which bytes go as they are and answers come back whole. */
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; of several the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Anything but one answer: the connection was closed, or the answer goes on for ever. */
export type NoAnswer = 'closed' | 'stream' | 'silence';

export class RawConnection {
  readonly #port: number;
  #socket: Socket | null = null;
  #bytes = Buffer.alloc(0);
  #wake: () => void = () => {};

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends, and reads the answer to it; with silence for longer than `patienceMs` the connection is left. */
  async ask(bytes: Buffer, method: string, patienceMs: number): Promise<RawAnswer | NoAnswer> {
    this.#opened().write(bytes);
    const endsAt = performance.now() + patienceMs;
    for (;;) {
      const answer = this.#read(method);
      if (answer === 'stream') this.leave();
      if (answer !== null) return answer;
      if (this.#socket === null) return 'closed';
      if (performance.now() > endsAt) {
        this.leave();
        return 'silence';
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, endsAt - performance.now()));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  leave(): void {
    this.#socket?.destroy();
    this.#forget();
  }

  #opened(): Socket {
    if (this.#socket !== null && !this.#socket.destroyed) return this.#socket;
    this.#bytes = Buffer.alloc(0);
    const socket = connect(this.#port, '127.0.0.1');
    this.#socket = socket;
    socket.on('data', (piece: Buffer) => {
      if (this.#socket !== socket) return;
      this.#bytes = Buffer.concat([this.#bytes, piece]);
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = null;
      this.#wake();
    });
    return socket;
  }

  #forget(): void {
    this.#socket = null;
    this.#bytes = Buffer.alloc(0);
  }

  /** Null: more has to come. */
  #read(method: string): RawAnswer | 'stream' | null {
    const headEnd = this.#bytes.indexOf('\r\n\r\n');
    if (headEnd < 0) return null;
    const [first = '', ...lines] = this.#bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
    const status = Number(first.split(' ')[1]);
    const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
    const rest = this.#bytes.subarray(headEnd + 4);
    if (status === 100) {
      this.#bytes = Buffer.from(rest);
      return this.#read(method);
    }
    if (method === 'GET' && headers['content-type']?.startsWith('text/event-stream') === true) return 'stream';
    const body = method === 'HEAD' || status === 204 || status === 304 ? { text: '', left: rest } : bodyOf(rest, headers, this.#socket === null);
    if (body === null) return null;
    this.#bytes = Buffer.from(body.left);
    if (headers['connection'] === 'close') this.leave();
    return { status, headers, text: body.text };
  }
}

function bodyOf(bytes: Buffer, headers: Readonly<Record<string, string>>, closed: boolean): { readonly text: string; readonly left: Buffer } | null {
  if (headers['transfer-encoding'] === 'chunked') return chunkedBody(bytes);
  const length = headers['content-length'];
  if (length === undefined) return closed || headers['connection'] === 'close' ? { text: bytes.toString(), left: Buffer.alloc(0) } : null;
  return bytes.length < Number(length) ? null : { text: bytes.subarray(0, Number(length)).toString(), left: bytes.subarray(Number(length)) };
}

function chunkedBody(bytes: Buffer): { readonly text: string; readonly left: Buffer } | null {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return null;
    if (size === 0) return { text: Buffer.concat(parts).toString(), left: bytes.subarray(end + 2) };
    parts.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
