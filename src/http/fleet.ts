/** The status endpoints of this machine, all answered from memory (contract agent-router part 1.3). */
import type { Route } from './http.ts';
import { capabilitiesView, gpuView, modelsView, runtimeView, type StatusFacts, type StatusNow, statusView } from './status-view.ts';
import { rules } from './rules.ts';

export function fleetRoutes(facts: StatusFacts, now: () => StatusNow): Route[] {
  const views: readonly (readonly [string, () => unknown])[] = [
    ['/v1/router/status', () => statusView(facts, now())],
    ['/v1/router/capabilities', () => capabilitiesView(facts, now())],
    ['/v1/router/runtime', () => runtimeView(facts, now())],
    ['/v1/router/models', () => modelsView(now())],
    ['/v1/router/gpu', () => gpuView(facts, now())],
  ];
  return views.map(([path, view]): Route => ({ method: 'GET', path, rule: rules.read, handle: (exchange) => exchange.send(200, view()) }));
}
