/** Which backends the servers of the machines are. Pure. */
import type { BackendReport, BackendState } from '../core/fleet.ts';
import type { NodeServer, NodeState } from '../core/node.ts';

/** A server of a machine as a backend. */
export interface ServerBackend {
  readonly id: string;
  readonly nodeId: string;
  readonly kind: string;
  readonly url: string;
  readonly apiKey?: string;
  readonly maxConcurrent?: number;
  /** What the machine says of it, until it was asked itself. */
  readonly seed: BackendReport;
}

export interface ServerPlan {
  readonly backends: readonly ServerBackend[];
  /** Configured backends that are at the address of a machine's server, and the machine they are on: they are one, not two. */
  readonly same: ReadonlyMap<string, string>;
}

/** `others`: backends that no machine reported; `kinds`: those that there are. */
export function planServers(nodes: readonly NodeState[], others: readonly BackendState[], kinds: ReadonlySet<string>): ServerPlan {
  const byAddress = new Map(others.map((backend) => [addressOf(backend.url), backend.id]));
  const taken = new Set(others.map(({ id }) => id));
  const backends: ServerBackend[] = [];
  const same = new Map<string, string>();
  for (const node of nodes) {
    if (node.status === 'waiting' || node.address === undefined) continue;
    for (const server of node.report?.servers ?? []) {
      if (!kinds.has(server.kind)) continue;
      const url = `http://${node.address.includes(':') ? `[${node.address}]` : node.address}:${server.port}`;
      const configured = byAddress.get(addressOf(url));
      if (configured !== undefined) {
        same.set(configured, node.id);
        continue;
      }
      const id = freeId(server.name === 'ollama' ? node.id : `${node.id}-${server.name}`, taken);
      taken.add(id);
      backends.push({ id, nodeId: node.id, kind: server.kind, url, ...(server.key === undefined ? {} : { apiKey: server.key }), ...(server.maxConcurrent === undefined ? {} : { maxConcurrent: server.maxConcurrent }), seed: seedOf(server) });
    }
  }
  return { backends, same };
}

/** Does the same server answer at both? What is listened for on all addresses is found on loopback. */
function addressOf(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  const host = /^(?:localhost|127\..*|\[::1\]|0\.0\.0\.0|\[::\])$/.test(hostname) ? '127.0.0.1' : hostname;
  return `${host}:${port || (protocol === 'https:' ? '443' : '80')}`;
}

/** A configured backend may have the name already. */
function freeId(wanted: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count += 1) {
    const id = count === 1 ? wanted : `${wanted}-${count}`;
    if (!taken.has(id)) return id;
  }
}

function seedOf({ version, models, resident, maxConcurrent }: NodeServer): BackendReport {
  return { models, resident, ...(version === undefined ? {} : { version }), ...(maxConcurrent === undefined ? {} : { maxConcurrent }) };
}

/** Would a request go to another place, or with another key? */
export function isSameServer(one: ServerBackend, other: ServerBackend): boolean {
  return one.url === other.url && one.kind === other.kind && one.apiKey === other.apiKey && one.maxConcurrent === other.maxConcurrent && one.nodeId === other.nodeId;
}
