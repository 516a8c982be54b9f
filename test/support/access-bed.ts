/** What the tests of access share: keys of every kind, configurations that know them, and requests as they stand on the wire. */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request as plainRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import { hashOf } from '../../src/util/secret-hash.ts';
import { type Json, objectIn } from './flow-bed.ts';

export function secretOf(id: string): string {
  return `oar_secret-of-${id}`;
}

/** An entry of `access.managed.apiKeys`. */
export function keyEntry(id: string, more: Json = {}): Json {
  return { id, keyHash: hashOf(secretOf(id)), scopes: ['standalone'], ...more };
}

export function bearer(id: string): Record<string, string> {
  return { authorization: `Bearer ${secretOf(id)}` };
}

export const closed = { auth: { requireApiKey: true, anonymous: 'reject' } };
export const open = {};

const folders: string[] = [];
const agents: Agent[] = [];

afterEach(() => {
  for (const agent of agents.splice(0)) agent.destroy();
});
// Only then has every router of the file stopped.
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder that is gone after the last test. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'oar-access-'));
  folders.push(folder);
  return folder;
}

/** `access` with these planes and keys, an admin key named `admin`, and the test itself as the proxy in front. */
export function accessOf(planes: { readonly standalone: Json; readonly runtimeAgent: Json }, apiKeys: readonly Json[], admin: Json = {}): Json {
  return {
    managedConfigPath: join(ownFolder(), 'access.yaml'),
    managed: { planes, apiKeys },
    admin: { enabled: true, apiKeyHashes: [hashOf(secretOf('admin'))], trustedProxy: ['127.0.0.0/8'], ...admin },
  };
}

export interface Plain {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Empty for a stream of events, which is left once it has begun. */
  readonly text: string;
}

/** Requests with any method, over connections that are kept; answers are read whole. */
export function plainClient(url: string): (method: string, path: string, headers?: Record<string, string>, body?: string) => Promise<Plain> {
  const agent = new Agent({ keepAlive: true });
  agents.push(agent);
  const { hostname, port } = new URL(url);
  return (method, path, headers = {}, body) =>
    new Promise((resolve, reject) => {
      const sent = { ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }), ...headers };
      const sending = plainRequest({ hostname, port, agent, method, path, headers: sent }, (response) => {
        const answer = (text: string): Plain => ({ status: response.statusCode ?? 0, headers: response.headers, text });
        if (response.headers['content-type']?.startsWith('text/event-stream') === true && method === 'GET') {
          sending.destroy();
          return resolve(answer(''));
        }
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece)).on('end', () => resolve(answer(text))).on('error', reject);
      });
      sending.on('error', reject);
      sending.end(body);
    });
}

export interface Wire {
  /** What came so far; of what is long, the beginning. */
  readonly text: string;
  readonly bytes: number;
  send(bytes: string | Uint8Array): void;
  /** Resolves when the text matches, and rejects when the connection closed before. */
  until(expression: RegExp): Promise<string>;
  readonly closed: Promise<string>;
  /** Reads nothing until it is told to. */
  pause(): void;
  resume(): void;
  leave(): void;
}

/** A connection that sends what it is told, byte for byte. */
export function wireTo(port: number): Wire {
  let text = '';
  let bytes = 0;
  const waiting = new Set<() => void>();
  const socket = connect(port, '127.0.0.1');
  const tell = (): void => {
    for (const look of [...waiting]) look();
  };
  socket.setNoDelay(true);
  socket.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (text.length < 1_000_000) text += piece.toString('latin1');
    tell();
  });
  socket.on('error', () => {});
  const closed = new Promise<string>((resolve) => void socket.once('close', () => resolve(text)));
  void closed.then(tell);
  return {
    get text() {
      return text;
    },
    get bytes() {
      return bytes;
    },
    send: (bytes) => void socket.write(bytes),
    until: (expression) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = expression.test(text);
          if (!found && !socket.closed) return;
          waiting.delete(look);
          if (found) resolve(text);
          else reject(new Error(`Closed before ${expression} came: ${text.slice(0, 300)}`));
        };
        waiting.add(look);
        look();
      }),
    closed,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    leave: () => void socket.destroy(),
  };
}

/** The three things that an error says in every API; undefined where the body lacks them. */
export function toldIn(text: string): { readonly message: unknown; readonly code: unknown; readonly requestId: unknown } {
  const body = objectIn(text);
  const { error } = body;
  if (typeof error === 'string') return { message: error, code: body.code, requestId: body.request_id };
  const inner = (error ?? {}) as Json;
  const details = (inner.details ?? {}) as Json;
  return { message: inner.message, code: inner.code ?? details.error_code, requestId: inner.request_id ?? body.request_id };
}
