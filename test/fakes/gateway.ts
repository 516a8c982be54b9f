/** A gateway in front of several routers, that behaves to them as the Kong plugin does (contract agent-router part 6): it classifies, chooses node and model, and has the work done there. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = Record<string, unknown>;

export interface GatewayNode {
  readonly id: string;
  readonly baseUrl: string;
  /** Sent with each call, in place of the client's own. */
  readonly headers?: Readonly<Record<string, string>>;
}

interface Model {
  readonly name: string;
  readonly sizeGb?: number;
  readonly purpose: unknown;
  readonly priority: number;
  readonly maxConcurrent: number;
  readonly exclusive: boolean;
  readonly allowWhenBusy: boolean;
}

interface Snapshot {
  readonly node: GatewayNode;
  readonly capabilities: { readonly status: string; readonly models: readonly Model[]; readonly routes: Readonly<Record<string, readonly string[]>>; readonly router: Json; readonly queue: Json; readonly gpu: { readonly vramSafetyReserveMb: number } };
  readonly runtime: {
    readonly status: string;
    readonly ollama: { readonly reachable: boolean };
    readonly gpu?: { readonly vramTotalMb?: number; readonly vramFreeMb?: number };
    readonly loadedModels: readonly { readonly name: string }[];
    readonly queues: { readonly globalQueued: number; readonly byModel: readonly { readonly model: string; readonly queued: number; readonly running: number }[] };
  };
}

interface Target extends Snapshot {
  readonly model: Model;
  readonly score: number;
  readonly busy: boolean;
}

const snapshotTimeoutMs = 500;

/** What a node said that the gateway passes on as an error. */
class NodeError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export class FakeGateway {
  readonly url: string;
  /** How long each snapshot took. */
  readonly snapshotMs: number[] = [];
  readonly #nodes: readonly GatewayNode[];
  readonly #server: Server;

  private constructor(nodes: readonly GatewayNode[], server: Server) {
    this.#nodes = nodes;
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(nodes: readonly GatewayNode[]): Promise<FakeGateway> {
    const server = createServer((request, response) => void gateway.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const gateway = new FakeGateway(nodes, server);
    return gateway;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (status: number, body: unknown): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    try {
      const { status, body } = await this.#handle(request.method ?? '', request.url ?? '', await textOf(request));
      send(status, body);
    } catch (thrown) {
      send(thrown instanceof NodeError ? thrown.status : 500, { error: { message: (thrown as Error).message } });
    }
  }

  async #handle(method: string, path: string, text: string): Promise<{ status: number; body: unknown }> {
    const job = /^\/v1\/jobs\/([^/]+)(\/result)?$/.exec(path);
    if (job !== null) return this.#proxyJob(method, job[1] ?? '', path);
    const request = JSON.parse(text) as Json;
    const router = (request['router'] ?? {}) as Json;
    const taskType = String(router['taskType'] ?? 'simple_chat');
    const best = this.#choose(await this.#snapshots(), taskType, (router['forbiddenModels'] ?? []) as readonly string[]);
    const priority = router['priority'] ?? best.capabilities.queue['defaultPriority'];
    const order = { selectedModel: best.model.name, request: { ...request, model: best.model.name }, priority };
    const reason = `Selected ${best.model.name} on ${best.node.id} for ${taskType} with score ${best.score.toFixed(1)}`;
    if (router['mode'] === 'async' || (best.busy && router['mode'] !== 'sync')) {
      const classification = { taskType, complexity: 'medium', requiresLargeContext: false, requiresToolUse: false, confidence: 0.8 };
      const { body } = await this.#call(best.node, 'POST', '/v1/router/jobs', { ...order, classification, routerDecision: { score: best.score, reason, priority } });
      return { status: 202, body: { id: body['id'], object: 'router.job', status: body['status'], router: { mode: 'async', nodeId: body['nodeId'], preferredModel: body['selectedModel'], position: body['position'] } } };
    }
    const { body } = await this.#call(best.node, 'POST', '/v1/router/execute', { ...order, routerDecision: { taskType, score: best.score, reason, priority } });
    return { status: 200, body: { ...(body['result'] as Json), router: { mode: 'sync', nodeId: best.node.id, selectedModel: best.model.name, queueTimeMs: body['queueTimeMs'], executionTimeMs: body['executionTimeMs'], decisionReason: reason } } };
  }

  /** The id of a job names its node. */
  async #proxyJob(method: string, id: string, path: string): Promise<{ status: number; body: unknown }> {
    const node = this.#nodes.find((one) => one.id === /^job_([^_]+)_/.exec(id)?.[1]);
    if (node === undefined) throw new NodeError(502, 'Cannot resolve node-router for job id');
    return this.#call(node, method, path);
  }

  async #snapshots(): Promise<Snapshot[]> {
    const found: Snapshot[] = [];
    const problems: string[] = [];
    for (const node of this.#nodes) {
      try {
        const capabilities = await this.#snapshot(node, '/v1/router/capabilities');
        const runtime = await this.#snapshot(node, '/v1/router/runtime');
        found.push({ node, capabilities, runtime } as unknown as Snapshot);
      } catch (thrown) {
        problems.push(`${node.id}: ${(thrown as Error).message}`);
      }
    }
    if (found.length === 0) throw new NodeError(503, problems.join('; '));
    return found;
  }

  async #snapshot(node: GatewayNode, path: string): Promise<Json> {
    const startedAt = performance.now();
    const { body } = await this.#call(node, 'GET', path, undefined, snapshotTimeoutMs);
    this.snapshotMs.push(performance.now() - startedAt);
    refuseNull(body, path);
    return body;
  }

  #choose(snapshots: readonly Snapshot[], taskType: string, forbidden: readonly string[]): Target {
    const usable = snapshots.filter(({ capabilities, runtime }) => capabilities.status !== 'unavailable' && runtime.status !== 'unavailable' && runtime.ollama.reachable);
    const targets = usable.flatMap((snapshot) => candidatesOf(snapshot, taskType).filter(({ name }) => !forbidden.includes(name)).map((model) => targetOf(snapshot, model, taskType)));
    const [best] = targets.sort((a, b) => Number(a.busy) - Number(b.busy) || b.score - a.score);
    if (best === undefined) throw new NodeError(503, 'No configured node/model can satisfy this request');
    return best;
  }

  /** Throws NodeError with what the gateway makes of the node's own status and words. */
  async #call(node: GatewayNode, method: string, path: string, body?: unknown, timeoutMs = 120_000): Promise<{ status: number; body: Json }> {
    const response = await fetch(`${node.baseUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json', accept: 'application/json', ...node.headers },
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: luaJson(body) }),
    });
    const decoded = JSON.parse(await response.text()) as Json;
    if (response.ok) return { status: response.status, body: decoded };
    const message = (decoded['error'] as Json | undefined)?.['message'] ?? `node-router returned HTTP ${response.status}`;
    const status = response.status === 401 || response.status === 403 ? 503 : response.status;
    throw new NodeError(status, status === 503 || status === 429 ? sanitised(String(message)) : String(message));
  }
}

function candidatesOf({ capabilities: { models, routes } }: Snapshot, taskType: string): readonly Model[] {
  const routed = routes[taskType] ?? routes['unknown'] ?? [];
  return models.filter(({ name, purpose }) => routed.includes(name) || (Array.isArray(purpose) && purpose.includes(taskType)));
}

function targetOf(snapshot: Snapshot, model: Model, taskType: string): Target {
  const { capabilities, runtime } = snapshot;
  const { queued = 0, running = 0 } = runtime.queues.byModel.find((one) => one.model === model.name) ?? {};
  const place = (capabilities.routes[taskType] ?? capabilities.routes['unknown'] ?? []).indexOf(model.name);
  const loaded = runtime.loadedModels.some(({ name }) => name === model.name);
  const freeMb = runtime.gpu?.vramFreeMb ?? runtime.gpu?.vramTotalMb ?? 0;
  const requiredMb = (model.sizeGb ?? 0) * 1024 + capabilities.gpu.vramSafetyReserveMb;
  const room = freeMb > requiredMb ? Math.min(25, (freeMb - requiredMb) / 512) : freeMb > 0 && freeMb < requiredMb ? -60 : 0;
  const score = 100 + model.priority + (place < 0 ? 0 : Math.max(0, 50 - 8 * place)) + (loaded ? 20 : 0) + room - 18 * queued - 25 * running - (model.exclusive ? 80 * running : 0) - (runtime.status === 'degraded' ? 35 : 0);
  return { ...snapshot, model, score, busy: (model.exclusive && running > 0) || (!model.allowWhenBusy && running >= model.maxConcurrent) };
}

/** In Lua a JSON null is a value that arithmetic ends in an error on. */
function refuseNull(value: unknown, path: string): void {
  if (value === null) throw new Error(`attempt to compare number with nil: ${path}`);
  if (typeof value === 'object') for (const [key, below] of Object.entries(value as Json)) refuseNull(below, `${path}.${key}`);
}

/** A Lua table that is empty may have been a list. */
function luaJson(body: unknown): string {
  return JSON.stringify(body, (_key, value: unknown) => (Array.isArray(value) && value.length === 0 ? {} : value));
}

function sanitised(message: string): string {
  const lower = message.toLowerCase();
  if (['api key', 'authentication', 'authorization'].some((words) => lower.includes(words))) return 'node-router authentication failed';
  return lower.includes('rate limit') ? 'node-router rate limited' : message;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
