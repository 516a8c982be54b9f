/** Decides which web pages may call: a page of another site must not use or change a router through its visitor's browser. */
import type { IncomingHttpHeaders } from 'node:http';
import { RouterError } from '../core/errors.ts';
import { isOwnHost, parseAddress } from '../util/address-ranges.ts';

/** Hosts of a page on the caller's own machine. */
const loopbackHost = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/i;

/**
 * Throws `forbidden` for a page that is neither listed, nor this router's own, nor (unless `strict`) one of the caller's own
 * machine. A name that public DNS gives out is never this router's own by itself: it may have been pointed here (DNS
 * rebinding). Programs send no Origin and are not asked; desktop applications send one of a scheme of their own.
 */
export function checkOrigin(headers: IncomingHttpHeaders, allowed: readonly string[], strict: boolean): void {
  if (mayCall(headers, allowed, strict)) return;
  throw new RouterError('forbidden', `Pages of ${headers.origin?.slice(0, 100)} may not call this router. List the origin in server.cors.origins to allow it.`);
}

/** Does the browser say that a page asks which may change things: one of this router's own, or a listed one? */
export function isOwnPage(headers: IncomingHttpHeaders, allowed: readonly string[]): boolean {
  return headers.origin === undefined ? headers['sec-fetch-site'] === 'same-origin' : mayCall(headers, allowed, true);
}

function mayCall({ origin, host = '' }: IncomingHttpHeaders, allowed: readonly string[], strict: boolean): boolean {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true;
  const page = URL.canParse(origin) ? new URL(origin) : null;
  if (page === null) return false;
  if (!/^https?:$/.test(page.protocol) && !strict) return true;
  if (page.host === hostOf(host, page.protocol) && isOwnHost(page.hostname)) return true;
  return !strict && loopbackHost.test(page.hostname);
}

/** As a URL writes it: without the port that the protocol has anyway. */
function hostOf(host: string, protocol: string): string | null {
  const address = `${protocol}//${host}`;
  return URL.canParse(address) ? new URL(address).host : null;
}

/** Enough for every name of a router, and too few to fill memory with made-up ones. */
const hostsKept = 100;

/**
 * Which names the router is called by. A page may have a name of its own pointed at this machine (DNS rebinding); to the
 * browser it then is of the same origin, and what it reads carries no Origin. Whoever shows no key has to call by an address,
 * by a name that public DNS does not give out, or by the one of a listed origin.
 */
export class HostCheck {
  readonly #listed: ReadonlySet<string>;
  readonly #any: boolean;
  readonly #good = new Set<string>();

  constructor(origins: readonly string[]) {
    this.#any = origins.includes('*');
    this.#listed = new Set(origins.flatMap((origin) => (URL.canParse(origin) ? new URL(origin).hostname : [])));
  }

  /** Throws `forbidden`. HTTP/1.0 has no such header. */
  check(host: string | undefined): void {
    if (!host || this.#any || this.#good.has(host)) return;
    const name = URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : null;
    if (name === null || !(parseAddress(name) !== null || isOwnHost(name) || this.#listed.has(name))) {
      throw new RouterError('forbidden', `Without a key this router is not called by the name ${host.slice(0, 100)}. Use its address, show a key, or list the origin in server.cors.origins.`);
    }
    if (this.#good.size < hostsKept) this.#good.add(host);
  }
}

/** Headers that let a listed page read the answer; null when there are none to send. */
export function corsHeaders({ origin }: IncomingHttpHeaders, allowed: readonly string[]): Record<string, string> | null {
  if (origin === undefined || allowed.length === 0) return null;
  if (!allowed.includes('*') && !allowed.includes(origin)) return { vary: 'Origin' };
  return { 'access-control-allow-origin': allowed.includes('*') ? '*' : origin, vary: 'Origin', 'access-control-expose-headers': '*' };
}

/** What the answer to a browser that asks before it calls says beside `corsHeaders`. */
export function preflightHeaders(headers: IncomingHttpHeaders, allowed: readonly string[]): Record<string, string> | null {
  const cors = corsHeaders(headers, allowed);
  if (cors?.['access-control-allow-origin'] === undefined) return null;
  return {
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers': String(headers['access-control-request-headers'] ?? 'authorization, content-type, x-api-key'),
    'access-control-max-age': '600',
  };
}
