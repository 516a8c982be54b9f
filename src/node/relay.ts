/** Lets the router reach a server that answers on this machine alone: bytes pass both ways as they come, for whoever shows the key. */
import { Agent, createServer, type IncomingMessage, request as httpRequest, type Server, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { endToEnd, pathBelow, type RelayKeys, type RelayTarget } from './relay-keys.ts';

/** A router keeps some tens of connections; more than this is somebody else. */
const mostConnections = 512;
/** Of addresses that have shown no key: they must not take the router's place. */
const mostStrangers = 128;
const mostKnown = 64;
/** Longer than a router keeps an unused connection, so that it is the one who closes it. */
const keepAliveMs = 75_000;
const headMs = 10_000;

export class Relay {
  readonly host: string;
  readonly #server: Server;
  readonly #keys: RelayKeys;
  readonly #agent = new Agent({ keepAlive: true, keepAliveMsecs: 1000 });
  /** Addresses from which a key was shown. */
  readonly #known = new Set<string>();
  #strangers = 0;
  #active = 0;

  private constructor(host: string, keys: RelayKeys) {
    this.host = host;
    this.#keys = keys;
    this.#server = createServer({ requestTimeout: 0, headersTimeout: headMs, keepAliveTimeout: keepAliveMs }, (request, response) => this.#take(request, response));
    this.#server.maxConnections = mostConnections;
    this.#server.on('connection', (socket: Socket) => this.#welcome(socket));
  }

  /** Rejects with the codes of node:net. Port 0: any. */
  static async listen(host: string, port: number, keys: RelayKeys): Promise<Relay> {
    const relay = new Relay(host, keys);
    await new Promise<void>((resolve, reject) => {
      relay.#server.once('error', reject);
      relay.#server.listen({ host, port }, () => {
        relay.#server.removeListener('error', reject);
        resolve();
      });
    });
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Requests that run now. */
  get active(): number {
    return this.#active;
  }

  /** Takes no more; what runs goes on to its end. */
  leave(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  /** Ends everything. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
  }

  #welcome(socket: Socket): void {
    if (this.#known.has(socket.remoteAddress ?? '')) return;
    if (this.#strangers >= mostStrangers) {
      socket.destroy();
      return;
    }
    this.#strangers += 1;
    socket.once('close', () => (this.#strangers -= 1));
  }

  #remember(address: string): void {
    this.#known.add(address);
    const [oldest = ''] = this.#known;
    if (this.#known.size > mostKnown) this.#known.delete(oldest);
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const target = this.#keys.find(request.headers.authorization);
    if (target === null) return refuse(request, response, 401, 'This relay serves the router of its fleet alone.');
    this.#remember(request.socket.remoteAddress ?? '');
    const base = new URL(target.url);
    const path = pathBelow(base.pathname, request.url ?? '');
    if (path === null) return refuse(request, response, 400, 'There is no such path.');
    this.#active += 1;
    response.once('close', () => (this.#active -= 1));
    this.#pass(request, response, target, base, path);
  }

  #pass(request: IncomingMessage, response: ServerResponse, target: RelayTarget, base: URL, path: string): void {
    const https = base.protocol === 'https:';
    const upstream = (https ? httpsRequest : httpRequest)({
      protocol: base.protocol,
      hostname: base.hostname.replace(/^\[|\]$/g, ''),
      port: base.port,
      method: request.method,
      path,
      headers: upstreamHeaders(request, target, base),
      ...(https ? {} : { agent: this.#agent }),
    });
    upstream.on('error', () => failed(response, target.name));
    upstream.on('response', (answer) => passBack(answer, response));
    request.pipe(upstream);
    // The router left, or has all of it: in both cases nobody reads on.
    response.once('close', () => upstream.destroy());
  }
}

function upstreamHeaders(request: IncomingMessage, { apiKey }: RelayTarget, base: URL): Record<string, string | string[]> {
  return {
    ...endToEnd(request.headers, ['authorization', 'host']),
    host: base.host,
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    ...(request.headers['transfer-encoding'] === undefined ? {} : { 'transfer-encoding': 'chunked' }),
  };
}

function passBack(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
  response.flushHeaders();
  answer.pipe(response);
  // A broken answer must look broken.
  answer.on('error', () => response.destroy());
}

function failed(response: ServerResponse, name: string): void {
  if (response.headersSent) response.destroy();
  else answerWith(response, 502, `${name} does not answer on its machine.`);
}

/** An unread body would keep the connection busy: it is closed. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number, message: string): void {
  request.resume();
  response.setHeader('connection', 'close');
  answerWith(response, status, message);
}

function answerWith(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: message }));
}
