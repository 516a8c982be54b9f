/** `POST /heartbeat/proof`: before a machine says its secret or the join token, the router shows that it knows them. */
import type { NodeDesk } from '../fleet/fleet.ts';
import { readProofQuestion } from './heartbeat-body.ts';
import type { Exchange, Route } from './http.ts';
import { rules } from './rules.ts';

const limits = { bytes: 4096, withinMs: 10_000 };

export function heartbeatProofRoutes(desk: Pick<NodeDesk, 'prove'>): Route[] {
  return [{ method: 'POST', path: '/heartbeat/proof', rule: rules.node, handle: (exchange) => prove(desk, exchange) }];
}

/** What is proven stands beside where the question arrived, as the connection has it, never as somebody says it. */
async function prove(desk: Pick<NodeDesk, 'prove'>, exchange: Exchange): Promise<void> {
  const question = readProofQuestion(await exchange.body(limits));
  const { address, port } = exchange.ownEnd;
  exchange.send(200, { address, port, ...(await desk.prove({ ...question, address, port })) });
}
