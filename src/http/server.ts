/** The listening side: sockets in, routes matched, errors out; knows nothing of inference. */
import { createServer as createPlainServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { RouterError, toRouterError } from '../core/errors.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { errorHeaders, shapeForPath } from './errors.ts';
import type { ErrorShape, Route } from './http.ts';
import { RouteTable } from './route-table.ts';
import { SocketExchange } from './socket-exchange.ts';
import { SocketReply } from './socket-reply.ts';

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  /** `/` or `/prefix`. */
  readonly basePath: string;
  readonly bodyLimitBytes: number;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer; readonly ca?: Buffer } | null;
  readonly routes: readonly Route[];
  readonly shapes: { readonly ollama: ErrorShape; readonly openAi: ErrorShape };
  readonly clock: Clock;
  readonly newRequestId: () => string;
  readonly log: Log;
}

export interface RunningServer {
  readonly port: number;
  /** Goes on answering until nothing runs any more, at most until the deadline; then takes no more connections and cuts what is left. */
  stop(deadlineMs: number): Promise<void>;
}

/** Listens. Rejects with an Error whose message says what to do when the port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const table = new RouteTable(options.routes);
  const listener: RequestListener = (request, response) => answer(options, table, request, response);
  const server = options.tls ? createTlsServer({ ...options.tls, minVersion: 'TLSv1.2' }, listener) : createPlainServer(listener);
  // Long answers are our own business; these bound only how slowly a request may arrive.
  server.headersTimeout = 30_000;
  server.requestTimeout = 300_000;
  server.keepAliveTimeout = 75_000;
  await listen(server, options);
  const address = server.address() as AddressInfo;
  return { port: address.port, stop: (deadlineMs) => stop(server, options.clock, deadlineMs) };
}

function answer(options: ServerOptions, table: RouteTable, request: IncomingMessage, response: ServerResponse): void {
  const requestId = options.newRequestId();
  const reply = new SocketReply(response, requestId);
  const url = request.url ?? '/';
  const queryAt = url.indexOf('?');
  const path = belowBase(queryAt < 0 ? url : url.slice(0, queryAt), options.basePath);
  let shape = shapeForPath(path ?? '/', options.shapes);
  const fail = (thrown: unknown): void => {
    const error = toRouterError(thrown);
    if (error.code === 'internal') options.log.error({ requestId, path, err: error.cause }, 'request failed inside the router');
    writeError(reply, error, shape(error, requestId));
  };
  try {
    if (path === null) throw new RouterError('not_found', `There is nothing here; this router lives under ${options.basePath}.`);
    const { route, params } = table.match(request.method ?? 'GET', path, request.headers);
    shape = route.errorShape ?? shape;
    const arrival = { requestId, path, search: queryAt < 0 ? '' : url.slice(queryAt + 1), params, receivedAt: options.clock.now(), bodyLimitBytes: options.bodyLimitBytes };
    route.handle(new SocketExchange(request, reply, arrival))?.catch(fail);
  } catch (thrown) {
    fail(thrown);
  }
}

function writeError(reply: SocketReply, error: RouterError, body: Readonly<Record<string, unknown>>): void {
  if (reply.headSent) {
    reply.destroy();
    return;
  }
  reply.head(error.status, errorHeaders(error));
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
async function stop(server: Server, clock: Clock, deadlineMs: number): Promise<void> {
  const endsAt = clock.now() + deadlineMs;
  while ((await busyConnections(server)) > 0 && clock.now() < endsAt) {
    await new Promise<void>((resolve) => void clock.after(sweepMs, resolve));
  }
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Clients keep connections open between requests: those are let go, and what is left is busy, or will be gone at the next look. */
function busyConnections(server: Server): Promise<number> {
  server.closeIdleConnections();
  return new Promise((resolve) => {
    server.getConnections((_error, count) => resolve(count));
  });
}
