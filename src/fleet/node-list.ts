/** Lists the machines: those that report themselves, the router's own, and the hosts of configured backends. Pure. */
import type { BackendState } from '../core/fleet.ts';
import type { NodeReport, NodeState, NodeStatus } from '../core/node.ts';

export interface OwnMachine {
  readonly id: string;
  /** Null: nothing is collected here. */
  readonly report: NodeReport | null;
  readonly heardAt: number | null;
}

export interface NodeSources {
  readonly own: OwnMachine;
  /** In the order in which they came. */
  readonly agents: readonly NodeState[];
  readonly backends: Iterable<BackendState>;
  /** Those that somebody told to take no new work. */
  readonly drained: ReadonlySet<string>;
}

/** The router's own machine is listed when it has a backend or reports itself. */
export function listNodes({ own, agents: all, backends, drained }: NodeSources): readonly NodeState[] {
  const byHost = new Map<string, BackendState[]>();
  for (const backend of backends) byHost.set(backend.nodeId, [...(byHost.get(backend.nodeId) ?? []), backend]);
  // Nobody becomes a machine that serves already by calling himself the same.
  const agents = all.filter(({ id, status }) => status !== 'waiting' || (id !== own.id && !byHost.has(id)));
  const reporting = new Set(agents.map((node) => node.id));
  const listed: NodeState[] = [];
  const hosted = byHost.get(own.id);
  if (!reporting.has(own.id) && (own.report !== null || hosted !== undefined)) {
    listed.push({ id: own.id, source: 'local', status: own.report === null ? statusOf(hosted ?? []) : 'online', draining: drained.has(own.id) || own.report?.draining === true, report: own.report, heardAt: own.heardAt ?? lastReport(hosted ?? []) });
  }
  listed.push(...agents.map((node) => (drained.has(node.id) && !node.draining ? { ...node, draining: true } : node)));
  for (const [id, there] of byHost) {
    if (id !== own.id && !reporting.has(id)) listed.push({ id, source: 'static', status: statusOf(there), draining: drained.has(id), report: null, heardAt: lastReport(there) });
  }
  return listed.map((node) => Object.freeze(node));
}

/** Of a machine that says nothing itself: what its servers let see. */
function statusOf(backends: readonly BackendState[]): NodeStatus {
  const down = backends.filter((backend) => backend.status === 'down').length;
  if (down === 0) return 'online';
  return down === backends.length ? 'offline' : 'degraded';
}

function lastReport(backends: readonly BackendState[]): number | null {
  const times = backends.flatMap(({ reportedAt }) => (reportedAt === null ? [] : [reportedAt]));
  return times.length === 0 ? null : Math.max(...times);
}
