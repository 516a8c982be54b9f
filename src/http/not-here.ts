/** Addresses of the system that this one replaces for what is not done here: they say so, and what there is instead (contract fleet part 1.3). */
import { RouterError } from '../core/errors.ts';
import type { Route } from './http.ts';
import { rules } from './rules.ts';

const noBriefing = 'No model writes briefings about this fleet. GET /dashboard/api/health says what is wrong and how to mend it, /dashboard/api/recommendations which model should be where.';
const noPlatform = 'This router belongs to no platform and calls no service outside. Figures go to a collector of your own with `telemetry.otlp.endpoint`.';

export const notHereRoutes: readonly Route[] = [
  {
    method: 'GET', path: '/dashboard/api/briefing', rule: rules.read,
    handle: (exchange) => exchange.send(200, { enabled: false, briefing: null, model: null, generated_at: null, next_refresh_s: null, cached: false, generating: false, error: null, message: noBriefing }),
  },
  { method: 'GET', path: '/dashboard/api/briefing/history', rule: rules.read, handle: (exchange) => exchange.send(200, { enabled: false, history: [], message: noBriefing }) },
  { method: 'GET', path: '/api/platform/status', rule: rules.read, handle: (exchange) => exchange.send(200, { connected: false, message: noPlatform }) },
  {
    method: 'POST', path: '/api/platform/connect', rule: rules.manage,
    handle() {
      throw new RouterError('not_supported', noPlatform);
    },
  },
  // It is as the caller wants it.
  { method: 'POST', path: '/api/platform/disconnect', rule: rules.manage, handle: (exchange) => exchange.send(200, { connected: false, message: noPlatform }) },
];
