/** The address that Prometheus scrapes. */
import type { Route } from './http.ts';
import { rules } from './rules.ts';

export function metricsRoutes(metrics: { readonly contentType: string; render(): string }): Route[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      rule: rules.open,
      handle(exchange) {
        exchange.send(200, metrics.render(), { 'content-type': metrics.contentType });
      },
    },
  ];
}
