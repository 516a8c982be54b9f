/** Where machines report themselves: who they are, what they serve, and what they are told in return. */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { NodeCommand, NodeReport, NodeState } from '../core/node.ts';
import { CapacityOrders } from './capacity-orders.ts';
import type { RunningFleet } from './create-fleet.ts';
import { EnrolDoor, type DoorOptions } from './enrol-door.ts';
import { withDrained } from './enrolment.ts';
import type { Heartbeat, HeartbeatAnswer, ListedNode, NodeCaller, NodeDesk, RouterProof } from './fleet.ts';
import { HostAddresses, type LookUp } from './host-addresses.ts';
import { RestartOrders } from './restart-orders.ts';
import { type BackendSink, ServerBackends } from './server-backends.ts';
import type { ProofTerms } from '../util/router-proof.ts';

type CapacityOrder = Extract<NodeCommand, { type: 'capacity_override' }>;

export interface NodeDeskOptions extends Omit<DoorOptions, 'nodes' | 'takenBy'> {
  readonly clock: Clock;
  readonly fleet: Pick<RunningFleet, 'nodes' | 'view' | 'refresh' | 'setDrained' | 'onChange'>;
  /** Adds and removes the backends. */
  readonly sink: Omit<BackendSink, 'view'>;
  /** Kinds of backends that there are. */
  readonly kinds: ReadonlySet<string>;
  /** What the router's own machine is called. */
  readonly ownNodeId: string;
  /** What the name of a host stands for; absent: configured names are never looked up. */
  readonly lookUp?: LookUp;
  readonly heartbeatMs: number;
  readonly restartOllama: boolean;
  /** Tells the router's own machine how much of it may be used; absent: nobody there listens. */
  readonly ownCapacity?: (order: CapacityOrder) => void;
}

/** A machine that is there reports within so many of its intervals; one that is switched off is not waited for longer. */
const reportsAwaited = 2;

export interface RunningNodeDesk extends NodeDesk {
  /** Until when machines may still report for the first time since the router began, epoch milliseconds; null: none is awaited. */
  awaitedUntil(): number | null;
  /** Reads who is enrolled. */
  start(): Promise<void>;
  stop(): void;
  /** The join token, when none was made before; then it is shown this once. */
  firstJoinToken(): Promise<string | null>;
}

export function createNodeDesk(options: NodeDeskOptions): RunningNodeDesk {
  return new Desk(options);
}

class Desk implements RunningNodeDesk {
  readonly #options: NodeDeskOptions;
  readonly #door: EnrolDoor;
  readonly #servers: ServerBackends;
  readonly #hosts: HostAddresses;
  readonly #restarts = new RestartOrders();
  readonly #capacities = new CapacityOrders();
  /** Machines that belong to the fleet and have not reported since the router began. */
  #awaited: Set<string> = new Set();
  #awaitedUntil = 0;
  #following = false;
  #detach = (): void => {};

  constructor(options: NodeDeskOptions) {
    const { fleet, sink } = options;
    this.#options = options;
    this.#door = new EnrolDoor({ ...options, nodes: fleet.nodes, takenBy: (id) => takenBy(id, options) });
    const { clock, lookUp = () => Promise.resolve([]) } = options;
    this.#hosts = new HostAddresses({ clock, lookUp, changed: () => this.#follow() });
    this.#servers = new ServerBackends({ ...sink, view: () => fleet.view() }, options.kinds, (host) => (options.lookUp === undefined ? [] : this.#hosts.of(host)));
  }

  async start(): Promise<void> {
    const { book, fleet } = this.#options;
    await book.load();
    if (book.now.drained.size > 0) fleet.setDrained(book.now.drained);
    this.#awaited = new Set([...book.now.nodes.keys()].filter((id) => !book.now.drained.has(id)));
    this.#awaitedUntil = this.#options.clock.now() + reportsAwaited * this.#options.heartbeatMs;
    this.#detach = fleet.onChange(() => this.#follow());
    // Names are known before the first machine reports.
    this.#follow();
  }

  stop(): void {
    this.#detach();
    this.#hosts.stop();
  }

  async hear(heartbeat: Heartbeat): Promise<HeartbeatAnswer> {
    const { id, enrolled } = await this.#door.admit(heartbeat);
    const { nodes } = this.#options.fleet;
    nodes.hear({ report: reportFor(heartbeat.report, id, enrolled), address: heartbeat.address, enrolled });
    if (enrolled) this.#follow();
    this.#awaited.delete(id);
    const node = nodes.get(id);
    if (node !== undefined && enrolled) this.#compare(node);
    return {
      status: node?.status ?? 'waiting',
      enrolment: enrolled ? 'enrolled' : 'waiting',
      commands: node === undefined || !enrolled ? [] : this.#commandsFor(node, heartbeat.old),
      heartbeatMs: this.#options.heartbeatMs,
    };
  }

  prove(terms: ProofTerms): Promise<RouterProof> {
    return this.#door.prove(terms);
  }

  awaitedUntil(): number | null {
    return this.#awaited.size > 0 && this.#options.clock.now() < this.#awaitedUntil ? this.#awaitedUntil : null;
  }

  leaves(nodeId: string, caller: NodeCaller): void {
    const id = this.#door.leaving(nodeId, caller);
    if (id !== null) this.#options.fleet.nodes.drains(id);
  }

  list(): readonly ListedNode[] {
    const { backends, nodes } = this.#options.fleet.view();
    return nodes.map((node) => ({
      ...node,
      backends: backends.filter(({ nodeId }) => nodeId === node.id).map(({ id, kind, url, status, problem }) => ({ id, kind, url, status, ...(problem === undefined ? {} : { problem }) })),
    }));
  }

  async approve(id: string): Promise<ListedNode> {
    this.#listed(id);
    const { nodes } = this.#options.fleet;
    if (await this.#door.approve(id)) {
      nodes.enrol(id);
      this.#follow();
    }
    return this.#listed(id);
  }

  async drain(id: string, draining: boolean): Promise<ListedNode> {
    const { book, fleet } = this.#options;
    this.#listed(id);
    await book.change((before) => (before.drained.has(id) === draining ? before : withDrained(before, id, draining)));
    fleet.setDrained(book.now.drained);
    return this.#listed(id);
  }

  async remove(id: string): Promise<void> {
    const { fleet, book } = this.#options;
    const listed = this.list().find((node) => node.id === id);
    if (listed !== undefined && listed.source !== 'agent') throw new RouterError('conflict', `${id} is a host of configured backends. Take them out of \`backends\` in the configuration.`);
    const was = await this.#door.remove(id);
    if (!was && listed === undefined) throw notListed(id);
    fleet.nodes.forget(id);
    this.#restarts.forget(id);
    this.#capacities.forget(id);
    fleet.setDrained(book.now.drained);
    this.#door.tidy();
    this.#follow();
  }

  async capacity(id: string, mode: CapacityOrder['mode'], until: number | null): Promise<ListedNode> {
    const node = this.#listed(id);
    const order: CapacityOrder = { type: 'capacity_override', mode, until };
    if (node.source === 'agent') this.#capacities.give(id, order);
    else if (node.source === 'local' && this.#options.ownCapacity !== undefined) this.#options.ownCapacity(order);
    else throw new RouterError('conflict', `${id} has no agent that could be told. Start \`oar node\` there, or drain it with \`oar nodes drain ${id}\`.`);
    return node;
  }

  newJoinToken(): Promise<string> {
    return this.#door.newToken();
  }

  firstJoinToken(): Promise<string | null> {
    return this.#door.firstToken();
  }

  #listed(id: string): ListedNode {
    const node = this.list().find((one) => one.id === id);
    if (node === undefined) throw notListed(id);
    return node;
  }

  /** What it does changes the fleet, which is followed here. */
  #follow(): void {
    if (this.#following) return;
    this.#following = true;
    try {
      this.#servers.follow(this.#options.fleet.nodes.listWithKeys());
    } finally {
      this.#following = false;
    }
  }

  /** Where the machine knows better than the last probe, another one is made now. */
  #compare({ id, report }: NodeState): void {
    const { fleet } = this.#options;
    for (const backend of fleet.view().backends) {
      if (backend.nodeId !== id || backend.status === 'unknown') continue;
      const port = Number(new URL(backend.url).port);
      const said = report?.servers.find((server) => server.port === port)?.status;
      if (said !== undefined && said !== backend.status) fleet.refresh(backend.id);
    }
  }

  #commandsFor(node: NodeState, old: boolean): readonly NodeCommand[] {
    const at = this.#options.clock.now();
    const restart = this.#restarts.look(node.id, this.#options.restartOllama && this.#isOllamaDead(node, old), at);
    const capacity = this.#capacities.next(node.id, node.report?.capacity, at);
    return [...(restart === null ? [] : [restart]), ...(capacity === null ? [] : [capacity])];
  }

  /** What cannot be reached from here alone is no reason to restart it; old agents do not say how their Ollama is. */
  #isOllamaDead({ id, report }: NodeState, old: boolean): boolean {
    const down = this.#options.fleet.view().backends.some((backend) => backend.nodeId === id && backend.kind === 'ollama' && backend.status === 'down');
    return down && (old || (report?.servers.some((server) => server.kind === 'ollama' && server.status === 'down') ?? false));
  }
}

function takenBy(id: string, { fleet, ownNodeId }: Pick<NodeDeskOptions, 'fleet' | 'ownNodeId'>): 'router' | 'backends' | null {
  if (id === ownNodeId) return 'router';
  return fleet.view().nodes.some((node) => node.id === id && node.source === 'static') ? 'backends' : null;
}

const waitingServers = 8;
const waitingModels = 100;

/** Of a stranger no more is kept than it takes to begin once somebody approves it. */
function reportFor(report: NodeReport, nodeId: string, enrolled: boolean): NodeReport {
  if (enrolled) return { ...report, nodeId };
  const servers = report.servers.slice(0, waitingServers).map((server) => ({ ...server, models: server.models.slice(0, waitingModels).map(({ name }) => ({ name })), resident: null }));
  return { ...report, nodeId, servers };
}

function notListed(id: string): RouterError {
  return new RouterError('not_found', `There is no machine ${id.slice(0, 128)}. \`oar nodes\` lists them.`);
}
