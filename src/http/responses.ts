/** Reads and deletes answers that the router keeps: `GET` and `DELETE /v1/responses/:id`. */
import type { Audit } from '../access/access.ts';
import { RouterError } from '../core/errors.ts';
import { type Owner, ownerOf, type Plane } from '../core/principal.ts';
import { adminRoute } from './admin-route.ts';
import type { Exchange, Route } from './http.ts';
import { isoTime } from './iso-time.ts';
import { pageOf } from './page.ts';
import { rules } from './rules.ts';

export interface AnswerShelf {
  /** The answer's JSON text; null when there is none, or it is somebody else's. */
  read(id: string, owner: Owner): Promise<string | null>;
  /** False when there was none to delete. */
  forget(id: string, owner: Owner): Promise<boolean>;
  /** Everybody's, without their texts, what was kept last first. */
  list(page: { readonly limit: number; readonly before?: string }): Promise<readonly ShelfRow[]>;
}

/** Times in epoch milliseconds; null: not known. */
interface ShelfRow {
  readonly id: string;
  readonly principalId: string;
  readonly plane: Plane;
  readonly model: string | null;
  readonly bytes: number;
  readonly createdAt: number | null;
  readonly expiresAt: number | null;
}

export function responseRoutes(answers: AnswerShelf): Route[] {
  return [
    { method: 'GET', path: '/v1/responses/:id', rule: rules.own, handle: (exchange) => sendKept(exchange, answers) },
    { method: 'DELETE', path: '/v1/responses/:id', rule: rules.own, handle: (exchange) => forget(exchange, answers) },
  ];
}

/** For an admin: whose answers are kept, of which model and how large, and never what was asked or answered. */
export function adminResponseRoutes(answers: AnswerShelf, audit: Audit): Route[] {
  return [adminRoute(audit, 'GET', '/v1/admin/responses', async (exchange) => ({ reason: 'responses_read', body: { responses: (await answers.list(pageOf(exchange))).map(adminRow) } }))];
}

function adminRow({ id, principalId, plane, model, bytes, createdAt, expiresAt }: ShelfRow): Record<string, unknown> {
  return { id, principal: principalId, plane, model, bytes, created_at: isoTime(createdAt), expires_at: isoTime(expiresAt) };
}

async function sendKept(exchange: Exchange, answers: AnswerShelf): Promise<void> {
  if (exchange.query.get('stream') === 'true') throw new RouterError('unsupported_feature', 'A kept answer is read as a whole; leave `stream` out.', { param: 'stream' });
  const id = exchange.params.id ?? '';
  const answer = await answers.read(id, ownerOf(exchange.principal, exchange.plane));
  if (answer === null) throw notThere(id);
  exchange.reply.head(200, { 'content-type': 'application/json; charset=utf-8' });
  exchange.reply.end(answer);
}

async function forget(exchange: Exchange, answers: AnswerShelf): Promise<void> {
  const id = exchange.params.id ?? '';
  if (!(await answers.forget(id, ownerOf(exchange.principal, exchange.plane)))) throw notThere(id);
  exchange.send(200, { id, object: 'response', deleted: true });
}

function notThere(id: string): RouterError {
  return new RouterError('not_found', `There is no answer ${id}: it was not stored, was deleted, or was kept for its time to live and is gone.`, { param: 'id' });
}
