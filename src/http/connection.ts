/** What all requests of one connection share: who is at the other end, and whether they are still there. */
import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { Caller } from '../access/access.ts';
import type { Principal } from '../core/principal.ts';
import { certificateOf } from './caller.ts';
import { isLoopback } from './loopback.ts';

export interface Connection {
  readonly principal: Principal;
  /** Is the other end on this machine? */
  readonly loopback: boolean;
  /** Shown when the connection was made; null: none. */
  readonly certificate: Caller['certificate'];
  /** Aborted when the connection closes: over HTTP/1.1 a caller who leaves can do it in no other way. */
  readonly signal: AbortSignal;
}

/** The connections of one server that have sent a request. */
export class Connections {
  readonly #known = new WeakMap<Socket, Connection>();
  #open = 0;

  /** How many are open; those that clients open ahead and never use are not among them. */
  get open(): number {
    return this.#open;
  }

  of(socket: Socket): Connection {
    const known = this.#known.get(socket);
    if (known !== undefined) return known;
    const left = new AbortController();
    // Many requests on one connection are what keep-alive is for, not a leak.
    setMaxListeners(0, left.signal);
    this.#open += 1;
    socket.once('close', () => {
      this.#open -= 1;
      left.abort();
    });
    const principal = anonymous(socket);
    const created = { principal, loopback: isLoopback(principal.address), certificate: certificateOf(socket), signal: left.signal };
    this.#known.set(socket, created);
    return created;
  }
}

function anonymous(socket: Socket): Principal {
  const address = socket.remoteAddress ?? 'unknown';
  return { id: 'anonymous', kind: 'anonymous', address: address.startsWith('::ffff:') ? address.slice(7) : address };
}
