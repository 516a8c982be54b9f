/** Reads and deletes answers that the router keeps: `GET` and `DELETE /v1/responses/:id`. */
import { RouterError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import type { Exchange, Route } from './http.ts';
import { rules } from './rules.ts';

export interface AnswerShelf {
  /** The answer's JSON text; null when there is none, or it is somebody else's. */
  read(id: string, principal: Principal): Promise<string | null>;
  /** False when there was none to delete. */
  forget(id: string, principal: Principal): Promise<boolean>;
}

export function responseRoutes(answers: AnswerShelf): Route[] {
  return [
    { method: 'GET', path: '/v1/responses/:id', rule: rules.own, handle: (exchange) => sendKept(exchange, answers) },
    { method: 'DELETE', path: '/v1/responses/:id', rule: rules.own, handle: (exchange) => forget(exchange, answers) },
  ];
}

async function sendKept(exchange: Exchange, answers: AnswerShelf): Promise<void> {
  if (exchange.query.get('stream') === 'true') throw new RouterError('unsupported_feature', 'A kept answer is read as a whole; leave `stream` out.', { param: 'stream' });
  const id = exchange.params.id ?? '';
  const answer = await answers.read(id, exchange.principal);
  if (answer === null) throw notThere(id);
  exchange.reply.head(200, { 'content-type': 'application/json; charset=utf-8' });
  exchange.reply.end(answer);
}

async function forget(exchange: Exchange, answers: AnswerShelf): Promise<void> {
  const id = exchange.params.id ?? '';
  if (!(await answers.forget(id, exchange.principal))) throw notThere(id);
  exchange.send(200, { id, object: 'response', deleted: true });
}

function notThere(id: string): RouterError {
  return new RouterError('not_found', `There is no answer ${id}: it was not stored, was deleted, or was kept for its time to live and is gone.`, { param: 'id' });
}
