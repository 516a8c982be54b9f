/** Keeps the backends of the fleet in step with what the machines say they serve. */
import type { FleetView } from '../core/fleet.ts';
import type { NodeState } from '../core/node.ts';
import { isSameServer, planServers, type ServerBackend } from './node-servers.ts';

/** What is done about it. */
export interface BackendSink {
  view(): FleetView;
  add(backend: ServerBackend): void;
  replace(backend: ServerBackend): void;
  /** What runs there ends. */
  remove(id: string): void;
  /** Null: that of its address. */
  setNode(backendId: string, nodeId: string | null): void;
}

export class ServerBackends {
  readonly #sink: BackendSink;
  readonly #kinds: ReadonlySet<string>;
  readonly #own = new Map<string, ServerBackend>();
  readonly #addressesOf: (host: string) => readonly string[] | null;
  #same: ReadonlyMap<string, string> = new Map();

  /** `addressesOf`: what a host's name stands for; null while that is being asked, after which the machines are followed again. */
  constructor(sink: BackendSink, kinds: ReadonlySet<string>, addressesOf: (host: string) => readonly string[] | null = () => []) {
    this.#addressesOf = addressesOf;
    this.#sink = sink;
    this.#kinds = kinds;
  }

  /** The machine's own servers and the configured backends that are one with them. */
  follow(nodes: readonly NodeState[]): void {
    const others = this.#sink.view().backends.filter(({ id }) => !this.#own.has(id));
    const plan = planServers(nodes, others, this.#kinds, this.#addressesOf);
    const { same } = plan;
    // One that is there stays while it is being asked; a new one would end in the middle of its first work.
    const backends = plan.backends.filter(({ id }) => !plan.unsure.has(id) || this.#own.has(id));
    const wanted = new Map(backends.map((backend) => [backend.id, backend]));
    for (const id of [...this.#own.keys()]) if (!wanted.has(id)) this.#remove(id);
    for (const backend of backends) this.#put(backend);
    for (const id of this.#same.keys()) if (!same.has(id)) this.#sink.setNode(id, null);
    for (const [id, nodeId] of same) this.#sink.setNode(id, nodeId);
    this.#same = same;
  }

  #put(backend: ServerBackend): void {
    const before = this.#own.get(backend.id);
    this.#own.set(backend.id, backend);
    if (before === undefined) this.#sink.add(backend);
    else if (!isSameServer(before, backend)) this.#sink.replace(backend);
  }

  #remove(id: string): void {
    this.#own.delete(id);
    this.#sink.remove(id);
  }
}
