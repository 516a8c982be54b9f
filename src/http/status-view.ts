/** The bodies of the status endpoints (contract agent-router part 1.3), built from what is in memory. Pure. */
import type { BackendState, FleetView, GpuTotals, Resident } from '../core/fleet.ts';
import type { Load, ModelSpec, RoutingTable } from '../routing/routing.ts';
import type { JobCounts } from '../store/store.ts';
import { mayUse, modelKey } from '../util/model-name.ts';

/** What does not change while the router runs. */
export interface StatusFacts {
  readonly nodeId: string;
  readonly version: string;
  readonly basePath: string;
  readonly protocol: 'http' | 'https';
  readonly ollamaBaseUrl: string;
  /** Is a GPU meant to be measured? Then its absence is a degradation. */
  readonly gpuExpected: boolean;
  readonly gpuProvider: string;
  readonly router: Readonly<Record<string, unknown>>;
  readonly gpuPolicy: Readonly<Record<string, unknown>>;
  readonly queuePolicy: Readonly<Record<string, unknown>>;
}

/** What is true now. */
export interface StatusNow {
  readonly at: number;
  readonly fleet: FleetView;
  readonly gpu: GpuTotals | null;
  readonly load: Load;
  readonly table: RoutingTable;
  readonly jobs: JobCounts;
  /** Slots of a model over all backends. */
  concurrency(modelKey: string): number;
}

type Json = Record<string, unknown>;
type LoadedModel = Json & { readonly name: string };

/** `allowed` are the models that the caller's key may use, absent: all. A gateway that was told of others would choose them, and be refused. */
export function capabilitiesView(facts: StatusFacts, now: StatusNow, allowed?: readonly string[]): Json {
  return {
    nodeId: facts.nodeId,
    status: 'ok',
    version: facts.version,
    router: facts.router,
    gpu: facts.gpuPolicy,
    queue: facts.queuePolicy,
    models: [...now.table.specs.values()].filter(({ name }) => mayUse(allowed, name)).map((spec) => specView(spec, now)),
    routes: Object.fromEntries([...now.table.routes].map(([task, models]) => [task, models.map((key) => nameOf(key, now.table)).filter((name) => mayUse(allowed, name))])),
  };
}

/** Would both give the same capabilities? Gateways ask before each request, and the fleet view is new with each probe. */
export function sameCapabilities(before: StatusNow, now: StatusNow): boolean {
  const { backends } = now.fleet;
  return before.table === now.table && before.fleet.backends.length === backends.length && backends.every((backend, at) => sameOffer(before.fleet.backends[at], backend));
}

function sameOffer(before: BackendState | undefined, now: BackendState): boolean {
  return (
    before?.id === now.id &&
    (before.status === 'down') === (now.status === 'down') &&
    before.maxConcurrent === now.maxConcurrent &&
    before.report?.maxConcurrent === now.report?.maxConcurrent &&
    before.report?.models === now.report?.models
  );
}

export function runtimeView(facts: StatusFacts, now: StatusNow): Json {
  const reachable = anyUp(now.fleet);
  return {
    nodeId: facts.nodeId,
    status: runtimeStatus(facts, now, reachable),
    timestamp: new Date(now.at).toISOString(),
    ollama: { baseUrl: facts.ollamaBaseUrl, reachable },
    ...gpuMember(facts, now),
    loadedModels: loadedModels(now.fleet).map((row) => ({ ...row, name: nameOf(modelKey(row.name), now.table, row.name) })),
    queues: queuesView(now),
    jobs: jobsView(now.jobs),
  };
}

export function statusView(facts: StatusFacts, now: StatusNow): Json {
  return {
    nodeId: facts.nodeId,
    service: 'ollama-agent-router',
    version: facts.version,
    queue: queuesView(now),
    ...gpuMember(facts, now),
    loadedModels: loadedModels(now.fleet),
    backends: now.fleet.backends.map(backendView),
    config: { models: now.table.specs.size, routes: [...now.table.routes.keys()], basePath: facts.basePath, protocol: facts.protocol },
  };
}

export function modelsView(now: StatusNow): Json {
  const rows = now.fleet.backends.flatMap((backend) => (backend.status === 'down' ? [] : (backend.report?.models ?? []).map((model) => model.row ?? { name: model.name, ...(model.sizeBytes === undefined ? {} : { size: model.sizeBytes }) })));
  return { configured: [...now.table.specs.values()].map((spec) => specView(spec, now)), ollama: { models: rows }, loaded: loadedModels(now.fleet) };
}

export function gpuView(facts: StatusFacts, now: StatusNow): Json {
  const snapshot = now.fleet.gpu;
  if (snapshot === null || now.gpu === null) return { provider: 'none', available: false };
  return { ...(gpuMember(facts, now).gpu as Json), available: true, timestamp: new Date(snapshot.takenAt).toISOString(), gpus: snapshot.gpus };
}

function runtimeStatus(facts: StatusFacts, now: StatusNow, reachable: boolean): string {
  if (!reachable) return 'unavailable';
  return facts.gpuExpected && now.gpu === null ? 'degraded' : 'ok';
}

/** The `gpu` key is left out, never null, and so is every figure that is not known (contract part 6.3). */
function gpuMember(facts: StatusFacts, now: StatusNow): { gpu?: Json } {
  if (now.gpu === null || now.fleet.gpu === null) return {};
  return { gpu: { provider: facts.gpuProvider, snapshotAgeMs: Math.max(0, Math.round(now.at - now.fleet.gpu.takenAt)), ...known(now.gpu) } };
}

/** JSON writes what is no number as null. */
function known(gpu: GpuTotals): Json {
  return Object.fromEntries(Object.entries(gpu).filter(([, value]) => typeof value === 'string' || Number.isFinite(value)));
}

function anyUp(fleet: FleetView): boolean {
  return fleet.backends.some((backend) => backend.status === 'up');
}

function specView(spec: ModelSpec, now: StatusNow): Json {
  return {
    name: spec.name,
    ...(spec.sizeGb === undefined ? {} : { sizeGb: spec.sizeGb }),
    purpose: spec.purpose,
    tags: spec.tags,
    priority: spec.priority,
    maxConcurrent: spec.maxConcurrent ?? now.concurrency(spec.name),
    ...(spec.defaultContext === undefined ? {} : { defaultContext: spec.defaultContext }),
    ...(spec.maxContext === undefined ? {} : { maxContext: spec.maxContext }),
    ...(spec.timeoutMs === undefined ? {} : { timeoutMs: spec.timeoutMs }),
    costClass: spec.costClass,
    exclusive: spec.exclusive,
    allowWhenBusy: spec.allowWhenBusy,
  };
}

function queuesView(now: StatusNow): Json {
  return {
    globalQueued: now.load.totalQueued,
    globalRunning: now.load.totalRunning,
    byModel: [...now.table.specs].map(([key, { name }]) => ({ model: name, queued: now.load.queued(key), running: now.load.running(key), concurrency: now.concurrency(key) })),
  };
}

function jobsView({ byStatus }: JobCounts): Json {
  return {
    queued: byStatus.queued,
    running: byStatus.running,
    succeededRetained: byStatus.succeeded,
    failedRetained: byStatus.failed,
    cancelledRetained: byStatus.cancelled,
    expiredRetained: byStatus.expired,
  };
}

function backendView(backend: BackendState): Json {
  return {
    id: backend.id,
    kind: backend.kind,
    url: backend.url,
    status: backend.status,
    ...(backend.problem === undefined ? {} : { problem: backend.problem }),
    ...(backend.breaker === undefined ? {} : { breaker: backend.breaker }),
    ...(backend.resting === undefined ? {} : { resting: backend.resting }),
    ...(backend.report?.version === undefined ? {} : { version: backend.report.version }),
    models: backend.report?.models.length ?? 0,
  };
}

/** A gateway joins what it is told by name: everywhere the one under which the model is configured. */
function nameOf(key: string, { specs }: RoutingTable, otherwise = key): string {
  return specs.get(key)?.name ?? otherwise;
}

function loadedModels(fleet: FleetView): LoadedModel[] {
  return fleet.backends.flatMap((backend) => (backend.status === 'down' ? [] : (backend.report?.resident ?? []).map((one) => loadedView(one, backend.id))));
}

function loadedView(one: Resident, backendId: string): LoadedModel {
  return {
    name: one.name,
    backend: backendId,
    ...(one.digest === undefined ? {} : { id: one.digest.replace(/^sha256:/, '').slice(0, 12) }),
    ...(one.sizeBytes === undefined ? {} : { size: `${(one.sizeBytes / 1e9).toFixed(1)} GB` }),
    ...processorMember(one),
    ...(one.expiresAt === undefined ? {} : { until: one.expiresAt }),
    ...(one.contextLength === undefined ? {} : { context: one.contextLength }),
  };
}

/** Says where a model lies, in the words of `ollama ps`. */
function processorMember({ sizeBytes, vramBytes }: Resident): { processor?: string } {
  if (sizeBytes === undefined || vramBytes === undefined || sizeBytes <= 0) return {};
  if (vramBytes <= 0) return { processor: '100% CPU' };
  if (vramBytes >= sizeBytes) return { processor: '100% GPU' };
  const cpuPct = Math.round(((sizeBytes - vramBytes) / sizeBytes) * 100);
  return { processor: `${cpuPct}%/${100 - cpuPct}% CPU/GPU` };
}
