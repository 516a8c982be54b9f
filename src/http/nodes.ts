/** The machines of the fleet: who they are, and what people decide about them. */
import type { Audit } from '../access/access.ts';
import { RouterError } from '../core/errors.ts';
import type { NodeDesk } from '../fleet/fleet.ts';
import { type AdminAct, adminRoute, type Done } from './admin-route.ts';
import type { Exchange, Route } from './http.ts';
import { readJsonObject } from './json-object.ts';
import { rules } from './rules.ts';

export function nodeRoutes(desk: NodeDesk, audit: Pick<Audit, 'record'>): Route[] {
  const change = (path: string, act: AdminAct): Route => adminRoute(audit, 'POST', path, act, rules.manage);
  const one = (action: string, act: (id: string, exchange: Exchange) => Promise<Done>): Route =>
    change(`/fleet/nodes/:id/${action}`, (exchange, told) => {
      const id = exchange.params['id'] ?? '';
      told.target = id;
      return act(id, exchange);
    });
  return [
    { method: 'GET', path: '/fleet/nodes', rule: rules.read, handle: (exchange) => exchange.send(200, { nodes: desk.list() }) },
    one('approve', async (id) => ({ reason: 'node_approved', body: await desk.approve(id) })),
    one('drain', async (id) => ({ reason: 'node_drained', body: await desk.drain(id, true) })),
    one('undrain', async (id) => ({ reason: 'node_undrained', body: await desk.drain(id, false) })),
    one('remove', async (id) => {
      await desk.remove(id);
      return { reason: 'node_removed', body: { removed: id } };
    }),
    one('capacity', async (id, exchange) => {
      const { mode, until } = await capacityIn(exchange);
      return { reason: 'node_capacity_set', body: await desk.capacity(id, mode, until) };
    }),
    change('/fleet/join-token', async () => ({ reason: 'join_token_made', body: { token: await desk.newJoinToken() } })),
  ];
}

const modes = ['full', 'paused', 'auto'] as const;

async function capacityIn(exchange: Exchange): Promise<{ readonly mode: (typeof modes)[number]; readonly until: number | null }> {
  const fields = await readJsonObject(exchange);
  const mode = modes.find((one) => one === fields['mode']);
  if (mode === undefined) throw new RouterError('invalid_request', `mode must be one of ${modes.join(', ')}.`, { param: 'mode' });
  return { mode, until: untilIn(fields['until'], exchange.receivedAt) };
}

/** Epoch milliseconds or ISO 8601; null and absent: for ever. */
function untilIn(written: unknown, now: number): number | null {
  if (written === undefined || written === null) return null;
  const at = typeof written === 'string' ? Date.parse(written) : written;
  if (typeof at === 'number' && Number.isFinite(at) && at > now && at <= 8.64e15) return at;
  throw new RouterError('invalid_request', 'until must be a time that is still to come: milliseconds since 1970, or such as 2027-01-31T18:00:00Z.', { param: 'until' });
}
