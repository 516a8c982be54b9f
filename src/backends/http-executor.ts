/** Sends calls to one backend over HTTP. */
import { Readable } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import type { BackendKind, BackendSettings, Executor, UpstreamRequest } from './backend.ts';
import { UpstreamLink } from './upstream-link.ts';

function isText(body: UpstreamRequest['body']): body is string | null {
  return body === null || typeof body === 'string';
}

/**
 * Failures become RouterErrors here, once: refused, reset, unresolvable or insecure is `backend_unreachable`, a passed time limit
 * `backend_timeout`, an answer that is not HTTP or breaks off `backend_protocol`, any other status what the kind reads in it.
 * A call is never sent twice: a connection that closes without an answer may have delivered the request.
 */
export function createExecutor(settings: BackendSettings, kind: BackendKind, clock: Clock, options: { readonly connections?: number } = {}): Executor {
  const link = new UpstreamLink(settings, kind, clock, { connections: options.connections ?? 1024, keepAliveMs: 4000 });
  return {
    execute: (call, signal) => link.send('POST', call.path, call.binary === true ? Buffer.from(call.body, 'latin1') : call.body, signal, call.contentType),
    send: ({ method, path, body, contentType, ...options }, signal) => link.send(method, path, isText(body) ? body : Readable.from(body), signal, contentType, options),
    retire: () => link.retire(),
    close: () => link.close(),
  };
}
