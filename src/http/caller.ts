/** What the access room is told of the one who sent a request. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import type { Caller } from '../access/access.ts';
import type { Connection } from './connection.ts';
import { isOwnPage } from './origin.ts';

const sessionCookie = /(?:^|;\s*)oar_session=([^;]+)/;

/** `search` is what stands behind the question mark; `origins` are the pages that may call. */
export function callerOf(request: IncomingMessage, connection: Connection, search: string, origins: readonly string[]): Caller {
  const { headers } = request;
  const forwarded = headers['x-forwarded-for'];
  const apiKey = headers['x-api-key'];
  const session = sessionOf(headers);
  return {
    address: connection.principal.address,
    certificate: connection.certificate,
    ...(forwarded === undefined ? {} : { forwardedFor: String(forwarded) }),
    ...(headers.authorization === undefined ? {} : { authorization: headers.authorization }),
    ...(apiKey === undefined ? {} : { apiKeyHeader: String(apiKey) }),
    ...(search.includes('api_key=') ? { apiKeyQuery: new URLSearchParams(search).get('api_key') ?? '' } : {}),
    ...(session === undefined ? {} : { session, fromOwnPage: isOwnPage(headers, origins) }),
  };
}

/** The same caller without what could be taken for a key. */
export function keyless({ address, forwardedFor, certificate }: Caller): Caller {
  return { address, certificate, ...(forwardedFor === undefined ? {} : { forwardedFor }) };
}

/** The token of the session cookie. */
export function sessionOf({ cookie }: IncomingHttpHeaders): string | undefined {
  return cookie === undefined ? undefined : sessionCookie.exec(cookie)?.[1];
}

/** The certificate that a connection shows; null when it shows none. */
export function certificateOf(socket: unknown): Caller['certificate'] {
  if (!(socket instanceof TLSSocket)) return null;
  const shown: Partial<PeerCertificate> = socket.getPeerCertificate();
  if (shown.fingerprint256 === undefined) return null;
  const subject = Object.fromEntries(Object.entries(shown.subject ?? {}).flatMap(([field, value]) => (value === undefined ? [] : [[field.toUpperCase(), value]])));
  return { trusted: socket.authorized, fingerprint256: shown.fingerprint256, subject };
}
