/** Is the router alive, ready, and able to serve? (ruling 14) */
import type { FleetView } from '../core/fleet.ts';
import type { Exchange, Route } from './http.ts';
import { isLoopback } from './loopback.ts';
import { rules } from './rules.ts';

export interface HealthSource {
  fleet(): FleetView;
  /** False while starting and from the moment a stop was asked for. */
  accepting(): boolean;
}

export function healthRoutes(source: HealthSource): Route[] {
  return [
    { method: 'GET', path: '/health', rule: rules.open, handle: (exchange) => health(exchange, source) },
    { method: 'GET', path: '/health/live', rule: rules.open, handle: (exchange) => exchange.send(200, { status: 'ok', service: 'ollama-agent-router' }) },
    { method: 'GET', path: '/health/ready', rule: rules.open, handle: (exchange) => ready(exchange, source) },
  ];
}

function health(exchange: Exchange, source: HealthSource): void {
  const { backends } = source.fleet();
  const serving = source.accepting() && backends.some((backend) => backend.status === 'up');
  const body: Record<string, unknown> = { status: serving ? 'ok' : 'unavailable', service: 'ollama-agent-router' };
  if (exchange.principal.kind === 'key' || isLoopback(exchange.principal.address)) {
    body.endpoints = backends.map((backend) => ({ id: backend.id, kind: backend.kind, url: backend.url, status: backend.status, ...(backend.problem === undefined ? {} : { problem: backend.problem }), ...(backend.breaker === undefined ? {} : { breaker: backend.breaker }), ...(backend.resting === undefined ? {} : { resting: backend.resting }) }));
  }
  exchange.send(serving ? 200 : 503, body, serving ? {} : { 'retry-after': '5' });
}

function ready(exchange: Exchange, source: HealthSource): void {
  const accepting = source.accepting();
  const serving = accepting && source.fleet().backends.some((backend) => backend.status === 'up');
  const why = accepting ? 'no backend answers' : 'the router is starting or stopping';
  exchange.send(serving ? 200 : 503, serving ? { status: 'ready' } : { status: 'not ready', why }, serving ? {} : { 'retry-after': '5' });
}
