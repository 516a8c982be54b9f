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
  /** Servers that may be at the address of a configured backend: what its name stands for is being asked. */
  readonly unsure: ReadonlySet<string>;
}

/** `others`: backends that no machine reported; `kinds`: those that there are; `addressesOf`: what a host's name stands for, null while that is being asked. */
export function planServers(nodes: readonly NodeState[], others: readonly BackendState[], kinds: ReadonlySet<string>, addressesOf: (host: string) => readonly string[] | null = () => []): ServerPlan {
  const { byAddress, awaited } = placesOf(others, addressesOf);
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
      backends.push(backendOf(server, id, node.id, url));
    }
  }
  return { backends, same, unsure: new Set(backends.filter(({ url }) => awaited.has(new URL(url).port)).map(({ id }) => id)) };
}

function backendOf(server: NodeServer, id: string, nodeId: string, url: string): ServerBackend {
  const { kind, key, maxConcurrent } = server;
  return { id, nodeId, kind, url, ...(key === undefined ? {} : { apiKey: key }), ...(maxConcurrent === undefined ? {} : { maxConcurrent }), seed: seedOf(server) };
}

/** Backends by every address that they are known to be at, and the ports of those of which that is not known yet. */
function placesOf(others: readonly BackendState[], addressesOf: (host: string) => readonly string[] | null): { readonly byAddress: ReadonlyMap<string, string>; readonly awaited: ReadonlySet<string> } {
  const byAddress = new Map<string, string>();
  const awaited = new Set<string>();
  for (const { id, url } of others) {
    const { protocol, hostname, port } = new URL(url);
    const found = isLoopback(hostname) ? [] : addressesOf(hostname.replace(/^\[|\]$/g, ''));
    if (found === null) awaited.add(port);
    for (const address of found ?? []) byAddress.set(addressOf(`${protocol}//${address.includes(':') ? `[${address}]` : address}${port === '' ? '' : `:${port}`}`), id);
  }
  // What is written as an address goes before what a name stands for.
  for (const { id, url } of others) byAddress.set(addressOf(url), id);
  return { byAddress, awaited };
}

function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127\..*|\[::1\]|0\.0\.0\.0|\[::\])$/.test(hostname);
}

/** Does the same server answer at both? What is listened for on all addresses is found on loopback. */
function addressOf(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  const host = isLoopback(hostname) ? '127.0.0.1' : hostname;
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
