/** Which conversations stay where, in the shape of the old proxy (contract proxy part 2.9). */
import type { FleetView } from '../core/fleet.ts';
import type { Route } from './http.ts';
import { rules } from './rules.ts';

/** One conversation that is remembered. */
export interface AffinityEntry {
  readonly backendId: string;
  readonly model: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

export interface AffinitySource {
  readonly enabled: boolean;
  readonly ttlMs: number;
  now(): number;
  fleet(): FleetView;
  entries(): readonly AffinityEntry[];
}

export function affinityRoutes(source: AffinitySource): Route[] {
  return [{ method: 'GET', path: '/api/affinity_stats', rule: rules.read, handle: (exchange) => exchange.send(200, affinityView(source)) }];
}

/** Times in seconds; an endpoint is a backend's address, or its id when it is gone. */
function affinityView(source: AffinitySource): Record<string, unknown> {
  const at = source.now();
  const urls = new Map(source.fleet().backends.map(({ id, url }) => [id, url]));
  const rows = source.entries().map(({ backendId, model, expiresAt }) => ({ endpoint: urls.get(backendId) ?? backendId, model, remaining: Math.max(0, Math.round((expiresAt - at) / 1000)) }));
  return { enabled: source.enabled, ttl: source.ttlMs / 1000, entries: rows };
}
