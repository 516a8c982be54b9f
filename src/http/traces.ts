/** Traces of requests: everybody's own, all of them for those who may read the fleet, and for admins; and of a prompt only to whoever had it kept. */
import type { Audit } from '../access/access.ts';
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import { ownerOf } from '../core/principal.ts';
import type { TraceFilter, TraceStore } from '../store/store.ts';
import { adminRoute } from './admin-route.ts';
import { capturedIn, type CaptureReader } from './captures.ts';
import type { Exchange, Route } from './http.ts';
import { isLoopback } from './loopback.ts';
import { rules } from './rules.ts';
import { traceFilter, tracePage } from './trace-query.ts';
import { traceRow } from './trace-view.ts';

export interface TraceSource {
  readonly clock: Clock;
  readonly store: Pick<TraceStore, 'get' | 'list' | 'figures'>;
  /** Brings the store up to date. */
  flush(): Promise<unknown>;
}

/** Traces, and what was kept of the requests themselves. */
export interface ShownTraces extends TraceSource {
  readonly captures: CaptureReader;
}

/** So many are read from the store at once while a file of them is written. */
const exportPage = 200;

export function traceRoutes(source: ShownTraces): Route[] {
  return [
    { method: 'GET', path: '/v1/router/traces', rule: rules.own, handle: async (exchange) => exchange.send(200, await listed(exchange, source, ownList(exchange))) },
    { method: 'GET', path: '/v1/router/traces/:id', rule: rules.own, handle: async (exchange) => exchange.send(200, await one(exchange, source, ownOf(exchange))) },
    { method: 'GET', path: '/dashboard/api/traces', rule: rules.read, handle: async (exchange) => exchange.send(200, await listed(exchange, source, {})) },
    { method: 'GET', path: '/dashboard/api/traces/export', rule: rules.read, handle: (exchange) => sendAll(exchange, source) },
    { method: 'GET', path: '/dashboard/api/traces/:id', rule: rules.read, handle: async (exchange) => exchange.send(200, await one(exchange, source, {})) },
  ];
}

export function adminTraceRoutes(source: TraceSource, audit: Audit): Route[] {
  return [adminRoute(audit, 'GET', '/v1/admin/traces', async (exchange) => ({ reason: 'traces_read', body: await listed(exchange, source, {}) }))];
}

function ownOf({ principal, plane }: Exchange): Pick<TraceFilter, 'principal' | 'plane'> {
  const owner = ownerOf(principal, plane);
  return { principal: owner.principalId, ...(owner.plane === undefined ? {} : { plane: owner.plane }) };
}

/** Nobody from another machine is told the ids of what others did without a key: an id is what it takes to see one. */
function ownList(exchange: Exchange): TraceFilter {
  const { principal } = exchange;
  return principal.kind === 'key' || isLoopback(principal.address) ? ownOf(exchange) : { ...ownOf(exchange), address: principal.address };
}

async function listed({ query }: Exchange, { clock, store, flush }: TraceSource, owner: TraceFilter): Promise<Record<string, unknown>> {
  const filter = traceFilter(query, clock.now());
  const page = { ...filter, ...tracePage(query), ...owner };
  // Who asks for what others did finds none of it among their own.
  const others = (Object.keys(owner) as (keyof TraceFilter)[]).some((name) => filter[name] !== undefined && filter[name] !== owner[name]);
  if (others) return { traces: [], next: null };
  await flush();
  const { traces, next } = await store.list(page);
  return { traces: traces.map(traceRow), next };
}

async function one(exchange: Exchange, { store, flush, captures }: ShownTraces, owner: Pick<TraceFilter, 'principal' | 'plane'>): Promise<Record<string, unknown>> {
  const id = exchange.params['id'] ?? '';
  await flush();
  const trace = await store.get(id, owner);
  if (trace === null) throw new RouterError('not_found', `There is no trace ${id.slice(0, 100)}: the request was somebody else's, or is forgotten, or never was.`, { param: 'id' });
  return { ...traceRow(trace), captured: await capturedIn(exchange, captures) };
}

/** One line each, newest first, a page at a time and as fast as the caller reads. */
async function sendAll({ query, reply, method, signal }: Exchange, { clock, store, flush }: TraceSource): Promise<void> {
  const filter = traceFilter(query, clock.now());
  await flush();
  let page = await store.list({ ...filter, limit: exportPage });
  reply.head(200, { 'content-type': 'application/x-ndjson; charset=utf-8', 'content-disposition': 'attachment; filename="traces.jsonl"', 'cache-control': 'no-store' });
  while (method !== 'HEAD' && !signal.aborted) {
    await reply.write(page.traces.map((trace) => `${JSON.stringify(traceRow(trace))}\n`).join(''));
    if (page.next === null) break;
    page = await store.list({ ...filter, limit: exportPage, before: page.next });
  }
  reply.end();
}
