/** What was kept of requests, for whoever sent them and for admins, and of whose requests anything is kept, which admins switch. */
import type { Audit } from '../access/access.ts';
import { RouterError } from '../core/errors.ts';
import type { Plane } from '../core/principal.ts';
import { adminRoute } from './admin-route.ts';
import type { Exchange, Route } from './http.ts';
import { readJsonObject } from './json-object.ts';
import { rules } from './rules.ts';

/** What is kept, as far as this room has to know it. */
export interface Captured {
  readonly requestId: string;
  readonly principalId: string;
  readonly plane: Plane;
  readonly address: string;
  readonly at: number;
  readonly path: string;
  readonly body: unknown;
  readonly status: number;
  readonly answer: { readonly text: string; readonly reasoning: string; readonly toolCalls: string } | null;
  readonly redactions: number;
}

export interface CaptureReader {
  get(requestId: string): Promise<Captured | null>;
  /** Did this caller send it? */
  mayRead(capture: Captured, exchange: Pick<Exchange, 'principal' | 'plane'>): boolean;
}

export interface CaptureSwitches {
  list(): readonly { readonly id: string; readonly on: boolean; readonly source: string }[];
  /** Holds and is kept when it resolves. */
  set(id: string, on: boolean): Promise<void>;
}

export interface AdminCaptures {
  readonly reader: CaptureReader;
  readonly keys: CaptureSwitches;
  /** Is there such a key now? */
  isKey(id: string): boolean;
}

/** Callers without a key. */
const anonymous = 'anonymous';

export function captureRoutes(reader: CaptureReader): Route[] {
  return [{ method: 'GET', path: '/v1/router/traces/:id/capture', rule: rules.own, handle: (exchange) => sendOwn(exchange, reader) }];
}

export function adminCaptureRoutes({ reader, keys, isKey }: AdminCaptures, audit: Audit): Route[] {
  return [
    adminRoute(audit, 'GET', '/v1/admin/traces/:id/capture', async ({ params }, told) => {
      const found = await reader.get(params['id'] ?? '');
      if (found === null) throw notKept();
      told.target = found.principalId;
      return { reason: 'capture_read', body: captureView(found) };
    }),
    adminRoute(audit, 'GET', '/v1/admin/captures/keys', () => ({ reason: 'capture_keys_read', body: { keys: keys.list() } })),
    adminRoute(audit, 'PUT', '/v1/admin/captures/keys/:id', async (exchange, told) => {
      const { params: { id = '' } } = exchange;
      told.target = id;
      const { on } = await readJsonObject(exchange);
      if (typeof on !== 'boolean') throw new RouterError('invalid_request', '`on` must be true or false.', { param: 'on' });
      // What was switched on for a key that is gone can still be switched off.
      if (on && id !== anonymous && !isKey(id)) throw new RouterError('not_found', `There is no key ${id.slice(0, 100)}. GET /v1/admin/access/keys lists them; \`${anonymous}\` stands for callers without one.`, { param: 'id' });
      await keys.set(id, on);
      return { reason: on ? 'capture_switched_on' : 'capture_switched_off', body: { id, on } };
    }),
  ];
}

/** The `captured` member of a trace; null for everybody else's, and where nothing was kept. */
export async function capturedIn(exchange: Exchange, reader: CaptureReader): Promise<Record<string, unknown> | null> {
  const found = await own(exchange, reader);
  return found === null ? null : captureView(found);
}

async function sendOwn(exchange: Exchange, reader: CaptureReader): Promise<void> {
  const found = await own(exchange, reader);
  if (found === null) throw notThere();
  exchange.send(200, captureView(found), { 'cache-control': 'no-store' });
}

async function own(exchange: Exchange, reader: CaptureReader): Promise<Captured | null> {
  const found = await reader.get(exchange.params['id'] ?? '');
  return found === null || !reader.mayRead(found, exchange) ? null : found;
}

function captureView({ requestId, at, path, body, status, answer, redactions }: Captured): Record<string, unknown> {
  return {
    request_id: requestId, timestamp: at / 1000, path, body, status_code: status, redactions,
    answer: answer === null ? null : { text: answer.text, reasoning: answer.reasoning || null, tool_calls: answer.toolCalls || null },
  };
}

function notKept(): RouterError {
  return new RouterError('not_found', 'Nothing was kept of this request: its key was not to be captured when it came, it was too long, or its time is over.', { param: 'id' });
}

function notThere(): RouterError {
  return new RouterError('not_found', 'Nothing was kept of this request: it was somebody else\'s, its key is not on the list telemetry.capture.keys nor switched on by an admin, or its time is over.', { param: 'id' });
}
