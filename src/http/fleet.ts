/** The status endpoints of this machine, all answered from memory (contract agent-router part 1.3). */
import type { Route } from './http.ts';
import { capabilitiesView, gpuView, modelsView, runtimeView, sameCapabilities, type StatusFacts, type StatusNow, statusView } from './status-view.ts';
import { rules } from './rules.ts';

export function fleetRoutes(facts: StatusFacts, now: () => StatusNow): Route[] {
  const views: readonly (readonly [string, () => unknown])[] = [
    ['/v1/router/status', () => statusView(facts, now())],
    ['/v1/router/runtime', () => runtimeView(facts, now())],
    ['/v1/router/models', () => modelsView(now())],
    ['/v1/router/gpu', () => gpuView(facts, now())],
  ];
  return [
    { method: 'GET', path: '/v1/router/capabilities', rule: rules.read, handle: sendCapabilities(facts, now) },
    ...views.map(([path, view]): Route => ({ method: 'GET', path, rule: rules.read, handle: (exchange) => exchange.send(200, view()) })),
  ];
}

/** Written once for as long as it stays the same: with many models it is long. */
function sendCapabilities(facts: StatusFacts, now: () => StatusNow): Route['handle'] {
  let seen: StatusNow | null = null;
  let text = '';
  return (exchange) => {
    const { principal, reply } = exchange;
    const present = now();
    if (principal.models !== undefined) return exchange.send(200, capabilitiesView(facts, present, principal.models));
    if (seen === null || !sameCapabilities(seen, present)) text = JSON.stringify(capabilitiesView(facts, present));
    seen = present;
    reply.head(200, { 'content-type': 'application/json; charset=utf-8' });
    reply.end(text);
  };
}
