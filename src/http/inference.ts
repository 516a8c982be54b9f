/** The addresses of the inference dialects. */
import type { InferenceDialect } from '../dialects/dialect.ts';
import type { Handle, InferenceCall } from '../pipeline/pipeline.ts';
import { dialectRoutes } from './dialect-routes.ts';
import type { Exchange, Route } from './http.ts';

/** The pipeline answers at every address of every dialect. */
export function inferenceRoutes(dialects: readonly InferenceDialect[], handle: Handle): Route[] {
  return dialectRoutes(dialects, (dialect) => (exchange) => (dialect.takesForms === true ? exchange.form() : exchange.body()).then((body) => handle(callOf(dialect, exchange, body), exchange.reply)));
}

function callOf(dialect: InferenceDialect, exchange: Exchange, body: string): InferenceCall {
  const { 'x-oar-backend': wanted, 'x-herd-tags': tags, 'x-oar-substitution': substitution, traceparent } = exchange.headers;
  return {
    requestId: exchange.requestId,
    dialect,
    body,
    ...(dialect.takesForms === true ? { contentType: exchange.headers['content-type'] ?? '' } : {}),
    plane: exchange.plane,
    principal: exchange.principal,
    spend: exchange.spend,
    signal: exchange.signal,
    receivedAt: exchange.receivedAt,
    wantedBackend: typeof wanted === 'string' && wanted !== '' ? wanted : undefined,
    ...(traceparent === undefined ? {} : { traceparent: String(traceparent) }),
    ...(tags === undefined ? {} : { tags: String(tags).split(',') }),
    ...(substitution === undefined ? {} : { noSubstitution: String(substitution).toLowerCase() === 'never' }),
  };
}
