/** The addresses of the inference dialects. */
import type { InferenceDialect } from '../dialects/dialect.ts';
import type { Handle, InferenceCall } from '../pipeline/pipeline.ts';
import type { Exchange, Route } from './http.ts';

/** One route for each address of each dialect; the pipeline does the rest. */
export function inferenceRoutes(dialects: readonly InferenceDialect[], handle: Handle): Route[] {
  return dialects.flatMap((dialect) =>
    dialect.routes.map(({ method, path }): Route => ({
      method,
      path,
      plane: 'standalone',
      errorShape: (error, requestId) => dialect.encodeError(error, requestId),
      handle: (exchange) => exchange.body().then((body) => handle(callOf(dialect, exchange, body), exchange.reply)),
    })),
  );
}

function callOf(dialect: InferenceDialect, exchange: Exchange, body: string): InferenceCall {
  const wanted = exchange.headers['x-oar-backend'];
  return {
    requestId: exchange.requestId,
    dialect,
    body,
    plane: 'standalone',
    principal: exchange.principal,
    signal: exchange.signal,
    receivedAt: exchange.receivedAt,
    wantedBackend: typeof wanted === 'string' && wanted !== '' ? wanted : undefined,
  };
}
