/** The listening side: sockets in, routes matched, errors out; knows nothing of inference. */
import { createServer as createPlainServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { RouterError, toRouterError } from '../core/errors.ts';
import type { Log } from '../telemetry/telemetry.ts';
import type { Access } from '../access/access.ts';
import { pause } from '../util/pause.ts';
import { callerOf, keyless } from './caller.ts';
import { Certificates, type TlsSource } from './certificates.ts';
import { Connections } from './connection.ts';
import { errorHeaders, shapeForPath } from './errors.ts';
import type { ErrorShape, Route } from './http.ts';
import { RouteTable } from './route-table.ts';
import { checkOrigin, corsHeaders, HostCheck, preflightHeaders } from './origin.ts';
import { isLoopback } from './loopback.ts';
import { SlowBodies } from './slow-bodies.ts';
import { type Arrival, SocketExchange } from './socket-exchange.ts';
import { SocketReply, unreadMs } from './socket-reply.ts';
import { announcesBody, dropBody, limitBody } from './unread-body.ts';

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  /** `/` or `/prefix`. */
  readonly basePath: string;
  readonly bodyLimitBytes: number;
  /** Of forms with files. */
  readonly formLimitBytes: number;
  readonly tls: TlsSource | null;
  /** Null: nobody is asked for a key. */
  readonly access: Access | null;
  /** Web pages that may call (`server.cors.origins`). */
  readonly origins: readonly string[];
  readonly routes: readonly Route[];
  readonly shapes: { readonly ollama: ErrorShape; readonly openAi: ErrorShape };
  readonly clock: Clock;
  readonly newRequestId: () => string;
  readonly log: Log;
  readonly patience?: Partial<Patience>;
}

/** How long callers may take, beside what SlowBodies allows; other values are for tests. */
export interface Patience {
  /** For the head of a request, and how often that is looked at. */
  readonly headMs: number;
  readonly lookMs: number;
  /** Between two requests on a connection. */
  readonly idleMs: number;
  /** For leaving an answer unread. */
  readonly unreadMs: number;
}

const usualPatience: Patience = { headMs: 30_000, lookMs: 5000, idleMs: 75_000, unreadMs };

/** Node's own limit is on their bytes alone, and those beyond a number it drops in silence: a proxy's header among them. */
const mostHeaders = 200;

export interface RunningServer {
  readonly port: number;
  /** Reads the certificates again now, rather than when they are next looked at. */
  reloadCertificates(): void;
  /** Goes on answering until nothing runs any more, at most until the deadline; then takes no more connections and cuts what is left. */
  stop(deadlineMs: number): Promise<void>;
}

/** Listens. Rejects with an Error whose message says what to do when the port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const patience = { ...usualPatience, ...options.patience };
  const inside: Inside = { ...options, patience, table: new RouteTable(options.routes), slowBodies: new SlowBodies(options.clock), hosts: new HostCheck(options.origins), connections: new Connections() };
  const listener: RequestListener = (request, response) => answer(inside, request, response);
  const certificates = options.tls && new Certificates(options.tls, options.clock, options.log);
  // Long answers and uploads are our own business; SlowBodies bounds how slowly other bodies may arrive.
  const limits = { headersTimeout: patience.headMs, connectionsCheckingInterval: patience.lookMs, requestTimeout: 0, keepAliveTimeout: patience.idleMs };
  const server = certificates ? certificates.watch(createTlsServer({ ...certificates.options(), ...limits }, listener)) : createPlainServer(limits, listener);
  server.maxHeadersCount = 0;
  server.on('checkContinue', listener);
  await listen(server, options);
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    reloadCertificates: () => certificates?.reload(),
    stop: async (deadlineMs) => {
      await stop(server, inside, deadlineMs);
      inside.slowBodies.stop();
      certificates?.stop();
    },
  };
}

/** What every request of one server needs. */
interface Inside extends ServerOptions {
  readonly patience: Patience;
  readonly table: RouteTable;
  readonly slowBodies: SlowBodies;
  readonly hosts: HostCheck;
  readonly connections: Connections;
}

function answer(options: Inside, request: IncomingMessage, response: ServerResponse): void {
  const requestId = options.newRequestId();
  const reply = new SocketReply(response, requestId, options.patience.unreadMs);
  const url = originForm(request.url ?? '/');
  const queryAt = url.indexOf('?');
  const path = belowBase(queryAt < 0 ? url : url.slice(0, queryAt), options.basePath);
  let shape = shapeForPath(path ?? '/', options.shapes);
  const fail = (thrown: unknown): void => {
    const error = toRouterError(thrown);
    if (error.code === 'internal') options.log.error({ requestId, path, err: error.cause }, 'request failed inside the router');
    writeError(request, reply, error, shape(error, requestId));
    if (announcesBody(request) && !request.complete && !request.destroyed) dropBody(request, options.slowBodies);
  };
  try {
    if (request.rawHeaders.length > 2 * mostHeaders) throw new RouterError('invalid_request', `More than ${mostHeaders} headers are not taken.`, { status: 431 });
    if (request.method !== 'POST' && announcesBody(request)) limitBody(request, options.slowBodies);
    if (path === null) throw new RouterError('not_found', `There is nothing here; this router lives under ${options.basePath}.`);
    if (request.headers.origin !== undefined && answerBrowser(options, request, reply)) return;
    const { route, params, badEscape } = options.table.match(request.method ?? 'GET', path, request.headers);
    shape = route.errorShape ?? shape;
    if (badEscape !== undefined) throw new RouterError('invalid_request', `The address has a bad escape: ${badEscape.slice(0, 100)}`);
    const arrival = { requestId, path, search: queryAt < 0 ? '' : url.slice(queryAt + 1), params, receivedAt: options.clock.now(), bodyLimitBytes: options.bodyLimitBytes, formLimitBytes: options.formLimitBytes, slowBodies: options.slowBodies, heldBack: waitsForInvitation(request), admission: null };
    handle(options, route, request, reply, arrival)?.catch(fail);
  } catch (thrown) {
    fail(thrown);
  }
}

/** Clients that call through a proxy may write the whole address (RFC 9112, 3.2.2). */
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const authority = /^https?:\/\/[^/?#]+/i.exec(target)?.[0];
  if (authority === undefined) return target;
  const rest = target.slice(authority.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Writes what a browser has to see; true when that was all it asked for. */
function answerBrowser({ origins }: Inside, request: IncomingMessage, reply: SocketReply): boolean {
  const cors = corsHeaders(request.headers, origins);
  if (cors !== null) reply.carry(cors);
  const preflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined ? preflightHeaders(request.headers, origins) : null;
  if (preflight === null) return false;
  reply.head(204, preflight);
  reply.end();
  return true;
}

/** Callers may ask first whether their body is wanted. */
function waitsForInvitation({ headers }: IncomingMessage): boolean {
  return headers.expect !== undefined && /^100-continue$/i.test(headers.expect);
}

/** Who may not come in is told so before the body is read (AR-D38). */
function handle({ access, origins, hosts, connections }: Inside, route: Route, request: IncomingMessage, reply: SocketReply, arrival: Arrival): Promise<void> | undefined {
  const connection = connections.of(request.socket);
  const { rule } = route;
  if (rule.scope === 'open') {
    const known = access === null ? arrival : { ...arrival, admission: { principal: access.recognise(rule.keyless === true ? keyless(callerOf(request, connection, '', origins)) : callerOf(request, connection, arrival.search, origins), arrival.receivedAt) } };
    return route.handle(new SocketExchange(request, reply, known, connection)) ?? undefined;
  }
  if (request.headers.origin !== undefined) checkOrigin(request.headers, origins, rule.scope === 'manage' || rule.scope === 'admin');
  if (access === null && rule.scope === 'admin') throw new RouterError('not_found', 'There is nothing at this address.');
  if (access === null) {
    if (connection.loopback) hosts.check(request.headers.host);
    return route.handle(new SocketExchange(request, reply, arrival, connection)) ?? undefined;
  }
  const admission = access.admit(callerOf(request, connection, arrival.search, origins), rule, { method: request.method ?? 'GET', path: arrival.path, requestId: arrival.requestId, at: arrival.receivedAt });
  // The place is given back when the answer is out or its caller gone, whatever the handler does.
  reply.onClosed(admission.leave);
  if (admission.headers) reply.carry(admission.headers);
  const { kind, address } = admission.principal;
  if (kind === 'anonymous' && isLoopback(address)) hosts.check(request.headers.host);
  return route.handle(new SocketExchange(request, reply, { ...arrival, admission }, connection)) ?? undefined;
}

function writeError(request: IncomingMessage, reply: SocketReply, error: RouterError, body: Readonly<Record<string, unknown>>): void {
  if (reply.headSent) {
    reply.destroy();
    return;
  }
  // A body that was held back never comes, so that the next request could not be told from it.
  const heldBack = waitsForInvitation(request) && !request.complete;
  reply.head(error.status, heldBack ? { ...errorHeaders(error), connection: 'close' } : errorHeaders(error));
  reply.end(JSON.stringify(body));
}

/** The path below the base, `/` for the base itself; null when it lies elsewhere. */
function belowBase(path: string, basePath: string): string | null {
  if (basePath === '/') return path;
  if (!path.toLowerCase().startsWith(basePath.toLowerCase())) return null;
  const rest = path.slice(basePath.length);
  if (rest === '') return '/';
  return rest.startsWith('/') ? rest : null;
}

function listen(server: Server, options: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(new Error(listenProblem(cause, options), { cause })));
    server.listen(options.port, options.host, () => resolve());
  });
}

function listenProblem(cause: NodeJS.ErrnoException, options: ServerOptions): string {
  const where = `${options.host}:${options.port}`;
  switch (cause.code) {
    case 'EADDRINUSE':
      return `Something already listens on ${where}, perhaps another router. Stop it, or choose another port with --port or server.port.`;
    case 'EACCES':
      return `Not allowed to listen on ${where}. Choose a port above 1023 with --port or server.port.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine has no address ${options.host}. Set server.host to one it has, such as 127.0.0.1.`;
    default:
      return `Cannot listen on ${where}: ${cause.message}`;
  }
}

/** How often a stopping server looks whether its last answers have ended. */
const sweepMs = 10;

/** While they run it still listens, so that health checks hear that it is not ready, and callers get a clean 503. */
async function stop(server: Server, { clock, connections }: Inside, deadlineMs: number): Promise<void> {
  const endsAt = clock.now() + deadlineMs;
  while (busyConnections(server, connections) > 0 && clock.now() < endsAt) {
    await pause(clock, sweepMs);
  }
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Clients keep connections open between requests: those are let go, and what is left is busy, or will be gone at the next look. */
function busyConnections(server: Server, connections: Connections): number {
  server.closeIdleConnections();
  return connections.open;
}
