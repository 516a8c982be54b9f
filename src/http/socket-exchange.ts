/** The Exchange of a request that came over a socket; what a handler does not ask for is not made. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Admission } from '../access/access.ts';
import type { Plane, Principal } from '../core/principal.ts';
import type { Connection } from './connection.ts';
import type { BodyLimits, Exchange } from './http.ts';
import { type BodyKind, readBody } from './read-body.ts';
import type { SlowBodies } from './slow-bodies.ts';
import type { SocketReply } from './socket-reply.ts';

export interface Arrival {
  readonly requestId: string;
  readonly path: string;
  /** Behind the question mark. */
  readonly search: string;
  readonly params: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly bodyLimitBytes: number;
  readonly formLimitBytes: number;
  readonly slowBodies: SlowBodies;
  /** Null: nobody is asked who they are. */
  readonly admission: Pick<Admission, 'principal'> & Partial<Admission> | null;
  /** Does the caller hold the body back until it is asked for? */
  readonly heldBack: boolean;
}

export class SocketExchange implements Exchange {
  readonly reply: SocketReply;
  readonly #request: IncomingMessage;
  readonly #arrival: Arrival;
  readonly #connection: Connection;

  constructor(request: IncomingMessage, reply: SocketReply, arrival: Arrival, connection: Connection) {
    this.#request = request;
    this.reply = reply;
    this.#arrival = arrival;
    this.#connection = connection;
  }

  get method(): string {
    return this.#request.method ?? 'GET';
  }

  get path(): string {
    return this.#arrival.path;
  }

  get params(): Readonly<Record<string, string>> {
    return this.#arrival.params;
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.#arrival.search);
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers;
  }

  get ownEnd(): { readonly address: string; readonly port: number } {
    const { localAddress = '', localPort = 0 } = this.#request.socket;
    return { address: localAddress, port: localPort };
  }

  get requestId(): string {
    return this.#arrival.requestId;
  }

  get principal(): Principal {
    return this.#arrival.admission?.principal ?? this.#connection.principal;
  }

  get plane(): Plane {
    return this.#arrival.admission?.plane ?? 'standalone';
  }

  get spend(): ((tokens: number) => void) | undefined {
    return this.#arrival.admission?.spend;
  }

  get mayStay(): ((at: number) => boolean) | undefined {
    return this.#arrival.admission?.holds;
  }

  get signal(): AbortSignal {
    return this.#connection.signal;
  }

  get receivedAt(): number {
    return this.#arrival.receivedAt;
  }

  body(limits?: BodyLimits): Promise<string> {
    return this.#read('json', limits);
  }

  form(): Promise<string> {
    return this.#read('form');
  }

  upload(): AsyncIterable<Uint8Array> {
    if (this.#arrival.heldBack) this.reply.invite();
    return this.#request;
  }

  #read(kind: BodyKind, { bytes, withinMs }: Partial<BodyLimits> = {}): Promise<string> {
    const { bodyLimitBytes, formLimitBytes, slowBodies, heldBack } = this.#arrival;
    const limitBytes = Math.min(kind === 'form' ? formLimitBytes : bodyLimitBytes, bytes ?? Number.POSITIVE_INFINITY);
    return readBody(this.#request, limitBytes, slowBodies, kind, heldBack ? this.reply : null, withinMs);
  }

  send(status: number, body: unknown, headers?: Readonly<Record<string, string>>): void {
    const text = typeof body === 'string';
    this.reply.head(status, { 'content-type': text ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8', ...headers });
    this.reply.end(text ? body : JSON.stringify(body));
  }
}
