/** What all requests of one connection share: who is at the other end, and whether they are still there. */
import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { Caller } from '../access/access.ts';
import type { Principal } from '../core/principal.ts';
import { certificateOf } from './caller.ts';

export interface Connection {
  readonly principal: Principal;
  /** Shown when the connection was made; null: none. */
  readonly certificate: Caller['certificate'];
  /** Aborted when the connection closes: over HTTP/1.1 a caller who leaves can do it in no other way. */
  readonly signal: AbortSignal;
}

const connections = new WeakMap<Socket, Connection>();

export function connectionOf(socket: Socket): Connection {
  const known = connections.get(socket);
  if (known !== undefined) return known;
  const left = new AbortController();
  // Many requests on one connection are what keep-alive is for, not a leak.
  setMaxListeners(0, left.signal);
  socket.once('close', () => left.abort());
  const created = { principal: anonymous(socket), certificate: certificateOf(socket), signal: left.signal };
  connections.set(socket, created);
  return created;
}

function anonymous(socket: Socket): Principal {
  const address = socket.remoteAddress ?? 'unknown';
  return { id: 'anonymous', kind: 'anonymous', address: address.startsWith('::ffff:') ? address.slice(7) : address };
}
