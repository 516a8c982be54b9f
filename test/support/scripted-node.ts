/** A machine that reports what the test tells it to, in our shape or in that of the old agents. */
import type { NodeReport, NodeServer } from '../../src/core/node.ts';
import type { FakeBackend } from '../fakes/backend.ts';
import { nodeReport } from '../fakes/nodes.ts';
import { type Answer, type Json, read } from './flow-bed.ts';
import type { TestRouter } from './test-router.ts';

/** The smallest body that the old routers took (contract fleet part 3). */
export function oldBody(nodeId: string, url: string, models: readonly string[], more: Json = {}): Json {
  return {
    node_id: nodeId,
    cpu: { cores_physical: 8, utilization_pct: 10 },
    memory: { total_gb: 64, used_gb: 24, available_gb: 40, pressure: 'normal' },
    ollama: { models_loaded: models.slice(0, 1).map((name) => ({ name, size_gb: 5, context_length: 8192 })), models_available: models, requests_active: 0 },
    ollama_host: url,
    lan_ip: '127.0.0.1',
    ...more,
  };
}

export function heartbeat(router: Pick<TestRouter, 'url'>, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return fetch(`${router.url}/heartbeat`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) }).then(read);
}

export interface NodeScript {
  readonly secret?: string;
  readonly token?: string;
  /** Beside those of the node, such as the address that a proxy names. */
  readonly headers?: Record<string, string>;
}

/** Sends when it is told to; a test decides when time passes. */
export class ScriptedNode {
  readonly id: string;
  readonly #router: Pick<TestRouter, 'url'>;
  readonly #script: NodeScript;

  constructor(router: Pick<TestRouter, 'url'>, id: string, script: NodeScript = {}) {
    this.id = id;
    this.#router = router;
    this.#script = { secret: `secret of ${id}`.replaceAll(' ', '-'), ...script };
  }

  /** One report with these servers. */
  report(servers: readonly NodeServer[], more: Partial<NodeReport> = {}): Promise<Answer> {
    const report = nodeReport(this.id, 40, { at: Date.now(), servers, ...more });
    return heartbeat(this.#router, { node_id: this.id, oar: report }, this.#headers());
  }

  leave(): Promise<Answer> {
    return heartbeat(this.#router, { node_id: this.id, draining: true }, this.#headers());
  }

  #headers(): Record<string, string> {
    const { secret, token, headers } = this.#script;
    return { ...(secret === undefined || secret === '' ? {} : { authorization: `Bearer ${secret}` }), ...(token === undefined ? {} : { 'x-oar-join-token': token }), ...headers };
  }
}

/** What a node says of a stand-in Ollama on its machine. */
export function ollamaOf(fake: FakeBackend, more: Partial<NodeServer> = {}): NodeServer {
  return { name: 'ollama', kind: 'ollama', port: fake.port, status: 'up', models: fake.catalogue.models.map(({ name }) => ({ name })), resident: [], ...more };
}
