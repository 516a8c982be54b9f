/** `POST /heartbeat`: where machines report themselves (contract fleet parts 1.3 and 3). */
import { RouterError } from '../core/errors.ts';
import type { NodeDesk } from '../fleet/fleet.ts';
import { AtOnce } from './at-once.ts';
import { longestBody, readHeartbeat } from './heartbeat-body.ts';
import { hostOfServers, type HostTerms, refuseItself } from './heartbeat-host.ts';
import type { Exchange, Route } from './http.ts';
import { isLoopback } from './loopback.ts';
import { rules } from './rules.ts';

/** Anybody may begin one, and an agent waits no longer for its answer. */
const limits = { bytes: longestBody, withinMs: 10_000 };
/** Bodies of one address that are on their way; each takes memory before it is known whose it is. */
const mostAtOnce = 16;

export function heartbeatRoutes(desk: Pick<NodeDesk, 'hear' | 'leaves'>, terms: HostTerms): Route[] {
  const arriving = new AtOnce(mostAtOnce, 'Too many heartbeats of this address are on their way.');
  const bodyOf = (exchange: Exchange): Promise<string> => (isLoopback(exchange.principal.address) ? exchange.body(limits) : arriving.run(exchange.principal.address, () => exchange.body(limits)));
  return [{ method: 'POST', path: '/heartbeat', rule: rules.node, handle: (exchange) => hear(desk, terms, exchange, bodyOf) }];
}

async function hear(desk: Pick<NodeDesk, 'hear' | 'leaves'>, terms: HostTerms, exchange: Exchange, bodyOf: (exchange: Exchange) => Promise<string>): Promise<void> {
  const { headers, principal, receivedAt, requestId } = exchange;
  if (headers.origin !== undefined) throw new RouterError('forbidden', 'Machines report themselves with `oar node`; web pages may not.');
  const body = readHeartbeat(await bodyOf(exchange), receivedAt);
  const sender = principal.address;
  const caller = { requestId, sender, local: isLoopback(sender) && headers['x-forwarded-for'] === undefined, secret: bearerIn(headers.authorization) };
  if (body.kind === 'leaving') {
    desk.leaves(body.nodeId, caller);
    exchange.send(200, { status: 'draining', node_id: body.nodeId });
    return;
  }
  const { report, old, hosts } = body;
  const joinToken = headers['x-oar-join-token'];
  const address = hostOfServers(hosts, sender, terms);
  refuseItself(report.servers, address, terms);
  const answer = await desk.hear({ ...caller, report, address, old, joinToken: typeof joinToken === 'string' && joinToken !== '' ? joinToken : null });
  exchange.send(200, {
    status: 'ok',
    node_status: answer.status,
    enrolment: answer.enrolment,
    heartbeat_ms: answer.heartbeatMs,
    ...(answer.commands.length === 0 ? {} : { commands: answer.commands }),
  });
}

function bearerIn(authorization: string | undefined): string | null {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? null;
}
