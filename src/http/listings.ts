/** The addresses that only tell what there is, answered from memory. */
import type { CatalogueView, ListingDialect } from '../dialects/dialect.ts';
import { dialectRoutes } from './dialect-routes.ts';
import type { Route } from './http.ts';

export function listingRoutes(dialects: readonly ListingDialect[], view: () => CatalogueView): Route[] {
  return dialectRoutes(dialects, (dialect, { method, path }) => async (exchange) => {
    const body = method === 'POST' ? await exchange.body() : '';
    const answer = dialect.answer(view(), { path, params: exchange.params, body });
    exchange.send(answer.status, answer.body);
  });
}
