/** An address where something is changed that matters: whatever is done there, or tried, stands in the audit. */
import type { Audit, Rule } from '../access/access.ts';
import { toRouterError } from '../core/errors.ts';
import type { Exchange, Route } from './http.ts';
import { rules } from './rules.ts';

/** What an admin action comes to. */
export interface Done {
  /** In the words of the audit: `key_added`. */
  readonly reason: string;
  readonly body: unknown;
  /** 200 when absent. */
  readonly status?: number;
  /** The version that the change made. */
  readonly version?: number;
}

/** `told.target` is the key that is acted on, also when that fails. */
export type AdminAct = (exchange: Exchange, told: { target?: string }) => Promise<Done> | Done;

export function adminRoute(audit: Pick<Audit, 'record'>, method: string, path: string, act: AdminAct, rule: Rule = rules.admin): Route {
  return { method, path, rule, handle: (exchange) => perform(audit, exchange, act) };
}

async function perform(audit: Pick<Audit, 'record'>, exchange: Exchange, act: AdminAct): Promise<void> {
  const told: { target?: string } = {};
  const { method, path, plane, principal, receivedAt, requestId } = exchange;
  const record = (outcome: 'success' | 'failure', more: { readonly reason: string; readonly target?: string; readonly versionBefore?: number; readonly versionAfter?: number }): void =>
    audit.record({ at: receivedAt, event: 'admin_access_audit', method, path, outcome, remoteIp: principal.address, principal: principal.id, plane, requestId, ...more });
  try {
    const { reason, body, status = 200, version } = await act(exchange, told);
    record('success', { reason, ...told, ...(version === undefined ? {} : { versionBefore: version - 1, versionAfter: version }) });
    exchange.send(status, body, { 'cache-control': 'no-store' });
  } catch (thrown) {
    const { code, message } = toRouterError(thrown);
    // What was wrongly written may be a secret in the wrong place: it is told to the caller alone.
    record('failure', code === 'invalid_request' ? { reason: code } : { reason: message, ...told });
    throw thrown;
  }
}
