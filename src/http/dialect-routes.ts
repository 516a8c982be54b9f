/** One route for each address of each dialect, with errors in that dialect. */
import type { Dialect, RoutePath } from '../dialects/dialect.ts';
import type { Route } from './http.ts';
import { rules } from './rules.ts';

export function dialectRoutes<Kind extends Dialect>(dialects: readonly Kind[], handler: (dialect: Kind, at: RoutePath) => Route['handle']): Route[] {
  return dialects.flatMap((dialect) =>
    dialect.routes.map((at): Route => ({
      ...at,
      rule: rules.infer,
      errorShape: (error, requestId) => dialect.encodeError(error, requestId),
      handle: handler(dialect, at),
    })),
  );
}
