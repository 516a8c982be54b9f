/** Where a gateway has its work done: `POST /v1/router/execute` and `/v1/router/jobs` (contract agent-router part 1.3). */
import type { InferenceCall, Reply } from '../pipeline/pipeline.ts';
import type { Exchange, Route } from './http.ts';
import { rules } from './rules.ts';

export interface AgentCall extends Pick<InferenceCall, 'requestId' | 'body' | 'plane' | 'principal' | 'spend' | 'signal' | 'receivedAt' | 'wantedBackend'> {
  /** Does the gateway take a stream of events? */
  readonly takesStream: boolean;
}

/** Both answer in the reply, also when the pipeline fails; what is wrong with the order itself they reject with. */
export interface RuntimeAgent {
  /** Runs the request now, on the model that the gateway chose and no other. */
  execute(call: AgentCall, reply: Reply): Promise<void>;
  /** Keeps it as a job of that model. */
  accept(call: AgentCall, reply: Reply): Promise<void>;
}

export function runtimeAgentRoutes(agent: RuntimeAgent): Route[] {
  return [
    { method: 'POST', path: '/v1/router/execute', rule: rules.gateway, handle: async (exchange) => agent.execute(await callOf(exchange), exchange.reply) },
    { method: 'POST', path: '/v1/router/jobs', rule: rules.gateway, handle: async (exchange) => agent.accept(await callOf(exchange), exchange.reply) },
  ];
}

async function callOf(exchange: Exchange): Promise<AgentCall> {
  const wanted = exchange.headers['x-oar-backend'];
  return {
    requestId: exchange.requestId,
    body: await exchange.body(),
    // Without an access section nobody is asked through which door they come.
    plane: 'runtimeAgent',
    principal: exchange.principal,
    spend: exchange.spend,
    signal: exchange.signal,
    receivedAt: exchange.receivedAt,
    wantedBackend: typeof wanted === 'string' && wanted !== '' ? wanted : undefined,
    takesStream: takesEvents(exchange.headers.accept),
  };
}

/** Only who names it: a wildcard is what clients send that think of nothing. */
function takesEvents(accept: string | undefined): boolean {
  return accept?.split(',').some((range) => /^\s*text\/event-stream\s*(?:;|$)/i.test(range)) ?? false;
}
