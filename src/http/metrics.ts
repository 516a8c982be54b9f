/** The address that Prometheus scrapes. */
import type { Route } from './http.ts';

export function metricsRoutes(metrics: { readonly contentType: string; render(): Promise<string> }): Route[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      plane: 'open',
      async handle(exchange) {
        exchange.send(200, await metrics.render(), { 'content-type': metrics.contentType });
      },
    },
  ];
}
