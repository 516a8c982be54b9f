/** Runs what a gateway orders through the same pipeline as any request, without choosing a model (contract agent-router part 1.3). */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Classification, InferenceRequest } from '../core/request.ts';
import type { InferenceDialect } from '../dialects/dialect.ts';
import { type GatewayOrder, readGatewayOrder } from '../dialects/gateway-order.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { AgentCall, RuntimeAgent } from '../http/runtime-agent.ts';
import type { Handle, InferenceCall, Reply } from '../pipeline/pipeline.ts';
import { resolve } from '../routing/resolve.ts';
import type { RoutingTable } from '../routing/routing.ts';
import { estimateTokens } from '../util/estimate-tokens.ts';
import { BufferReply } from './buffer-reply.ts';

export interface AgentSources {
  readonly clock: Clock;
  readonly nodeId: string;
  /** `router.defaultTaskType`: what a request is about when the gateway does not say. */
  readonly defaultTaskType: string;
  /** The OpenAI chat API. */
  readonly dialect: InferenceDialect;
  readonly handle: Handle;
  readonly table: () => RoutingTable;
  readonly fleet: Fleet;
}

export function createRuntimeAgent(sources: AgentSources): RuntimeAgent {
  return {
    async execute(call, reply) {
      const order = readGatewayOrder(call.body);
      if (order.stream && !call.takesStream) throw noStream();
      const inside = callFor(sources, call, order, 'sync');
      if (order.stream) await sources.handle(inside, reply);
      else await executeWhole(sources, order, inside, reply);
    },
    async accept(call, reply) {
      const order = readGatewayOrder(call.body);
      if (order.stream) throw noStream();
      const buffer = new BufferReply();
      await sources.handle(callFor(sources, call, order, 'async'), buffer);
      if (buffer.status !== 202) return passOn(buffer, reply);
      const { id, status, router } = JSON.parse(buffer.text()) as AcceptedJob;
      reply.head(202, buffer.headers);
      reply.end(JSON.stringify({ id, status, position: router.position, nodeId: sources.nodeId, selectedModel: order.selectedModel }));
    },
  };
}

/** What the pipeline says of a job that it took. */
interface AcceptedJob {
  readonly id: string;
  readonly status: string;
  readonly router: { readonly position: number };
}

/** The backend's answer as it is, between the four things that the gateway tells its own caller. */
async function executeWhole({ clock, nodeId, handle }: AgentSources, order: GatewayOrder, call: InferenceCall, reply: Reply): Promise<void> {
  const buffer = new BufferReply();
  const startedAt = clock.now();
  await handle(call, buffer);
  if (buffer.status !== 200) return passOn(buffer, reply);
  const queueTimeMs = Number(buffer.headers['x-oar-queue-ms'] ?? 0);
  const executionTimeMs = Math.max(0, Math.round(clock.now() - startedAt) - queueTimeMs);
  const told = JSON.stringify({ nodeId, selectedModel: order.selectedModel, queueTimeMs, executionTimeMs });
  const body = `{"result":${buffer.text()},${told.slice(1)}`;
  reply.head(200, { ...buffer.headers, 'content-type': 'application/json; charset=utf-8', 'content-length': String(Buffer.byteLength(body)) });
  reply.end(body);
}

/** A failure, as the pipeline wrote it; nothing when the caller has left. */
function passOn(buffer: BufferReply, reply: Reply): void {
  if (!buffer.headSent) {
    reply.destroy();
    return;
  }
  reply.head(buffer.status, buffer.headers);
  reply.end(buffer.text());
}

function noStream(): RouterError {
  return new RouterError('invalid_request', 'Streaming is not supported by ollama-agent-router v1', { param: 'request.stream' });
}

function callFor(sources: AgentSources, { takesStream: _takes, ...call }: AgentCall, order: GatewayOrder, mode: 'sync' | 'async'): InferenceCall {
  return {
    ...call,
    dialect: sources.dialect,
    body: order.requestFor(configured(order.selectedModel, sources), mode),
    gateway: { classify: (request) => classificationOf(request, order, sources.defaultTaskType) },
  };
}

function classificationOf(request: InferenceRequest, { taskType, complexity }: GatewayOrder, defaultTaskType: string): Classification {
  return {
    taskType: taskType ?? defaultTaskType,
    complexity,
    confidence: 1,
    by: 'gateway',
    estimatedTokens: estimateTokens(request),
    needs: { tools: request.task === 'chat' && request.tools.length > 0, vision: false },
  };
}

/** Of a name that nothing is called by, in a message. */
const longestName = 200;

/** The model as it is configured or listed. A gateway chooses from what it was shown: no alias, and never `auto`. */
function configured(name: string, { table, fleet }: AgentSources): string {
  const view = fleet.view();
  // Who has no server yet says so in the words of every other address.
  if (view.backends.length === 0) return name;
  const unknown = (cause?: unknown): RouterError => new RouterError('unknown_model', `Unknown configured model: ${name.slice(0, longestName)}`, { param: 'selectedModel', cause });
  try {
    const found = resolve({ asked: name, table: table(), fleet: view, aliases: {} });
    if (found.kind === 'named') return found.name;
  } catch (thrown) {
    if (thrown instanceof RouterError && thrown.code === 'unknown_model') throw unknown(thrown);
    throw thrown;
  }
  throw unknown();
}
