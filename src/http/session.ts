/** Sessions for pages: a key is shown once, and a cookie that scripts cannot read stands for it. */
import { RouterError } from '../core/errors.ts';
import { sessionOf } from './caller.ts';
import type { Exchange, Route } from './http.ts';
import { rules } from './rules.ts';

/** What is done with sessions; null where nobody is asked for a key. */
export interface SessionDesk {
  open(keyId: string, at: number): { readonly token: string; readonly endsAt: number };
  close(token: string): void;
}

export interface SessionTerms {
  readonly desk: SessionDesk | null;
  /** Where the cookie is sent: below the base path alone. */
  readonly basePath: string;
  /** Over HTTPS the cookie never travels in the clear. */
  readonly secure: boolean;
}

export function sessionRoutes(terms: SessionTerms): Route[] {
  return [
    { method: 'GET', path: '/v1/session', rule: rules.own, handle: (exchange) => exchange.send(200, who(exchange), noStore) },
    { method: 'POST', path: '/v1/session', rule: rules.own, handle: (exchange) => open(exchange, terms) },
    { method: 'DELETE', path: '/v1/session', rule: rules.own, handle: (exchange) => close(exchange, terms) },
  ];
}

const noStore = { 'cache-control': 'no-store' };

function who({ principal }: Exchange): Record<string, unknown> {
  return { kind: principal.kind, id: principal.id, scopes: principal.scopes ?? [] };
}

function open(exchange: Exchange, terms: SessionTerms): void {
  const { principal, receivedAt } = exchange;
  if (terms.desk === null || principal.kind !== 'key') throw new RouterError('invalid_request', 'A session begins with a key: send it as `Authorization: Bearer`.');
  const { token, endsAt } = terms.desk.open(principal.id, receivedAt);
  exchange.send(200, { ...who(exchange), endsAt: new Date(endsAt).toISOString() }, { ...noStore, 'set-cookie': cookie(token, Math.floor((endsAt - receivedAt) / 1000), terms) });
}

function close(exchange: Exchange, terms: SessionTerms): void {
  const token = sessionOf(exchange.headers);
  if (token !== undefined) terms.desk?.close(token);
  exchange.send(200, { closed: true }, { ...noStore, 'set-cookie': cookie('', 0, terms) });
}

/** Not readable by scripts, and not sent along by pages of other sites. */
function cookie(token: string, maxAgeSeconds: number, { basePath, secure }: SessionTerms): string {
  return `oar_session=${token}; Path=${basePath}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}
