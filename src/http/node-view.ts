/** A machine as the fleet endpoints show it: the members of contract fleet part 1.3, and what there is beyond them. Pure. */
import type { BackendState, Capability, Gpu, Model, Resident } from '../core/fleet.ts';
import type { NodeCapacity, NodeReport, NodeState } from '../core/node.ts';
import { modelKey, sameModel } from '../util/model-name.ts';
import type { LiveNow } from './live-sources.ts';
import { inTenths } from './queue-view.ts';

type Json = Record<string, unknown>;

/** Sizes in GB of 1024³ bytes, as the old system counts. */
export function gigabytes(bytes: number | undefined): number | null {
  return bytes === undefined ? null : Math.round((bytes / 1024 ** 3) * 100) / 100;
}

/** What is not known is null; what a machine does not offer is absent. */
export function nodeRow(node: NodeState, now: LiveNow): Json {
  const { report } = node;
  const backends = now.fleet.backends.filter((backend) => backend.nodeId === node.id);
  const ollama = backends.find(({ kind }) => kind === 'ollama') ?? backends[0];
  return {
    node_id: node.id,
    status: node.status,
    hardware: hardwareOf(report),
    ollama_url: ollama?.url ?? null,
    cpu: { cores_physical: report?.cores ?? null, utilization_pct: report?.cpuPct ?? null, load_1m: report?.load1 ?? null },
    memory: memoryOf(report),
    ollama: ollamaOf(backends, now),
    ...mediaOf(backends, now),
    disk: report?.disk === undefined ? null : { total_gb: gigabytes(report.disk.totalBytes), used_gb: gigabytes(report.disk.usedBytes), available_gb: gigabytes(report.disk.availableBytes) },
    thermal: report?.thermal === undefined ? null : { state: report.thermal.state, temperature_c: report.thermal.temperatureC ?? null, source: report.thermal.source ?? null },
    capacity: report?.capacity === undefined ? null : capacityOf(report.capacity),
    agent_version: report?.agentVersion ?? null,
    gpus: (report?.gpus ?? (node.id === now.ownNodeId ? now.gpu?.gpus : undefined) ?? []).map(gpuRow),
    name: report?.name ?? node.id,
    source: node.source,
    address: node.address ?? null,
    draining: node.draining,
    activity: report?.activity ?? null,
    last_heard_ms_ago: node.heardAt === null ? null : Math.max(0, Math.round(now.at - node.heardAt)),
    clock_skew_ms: node.clockSkewMs ?? null,
    backends: backends.map((backend) => backendRow(backend, now)),
  };
}

function hardwareOf(report: NodeReport | null): Json {
  return {
    memory_total_gb: gigabytes(report?.memory.totalBytes), cores_physical: report?.cores ?? null, chip: report?.chip ?? null,
    memory_bandwidth_gbps: report?.memoryBandwidthGbps ?? null, arch: report?.arch ?? null, os: report?.os ?? null,
  };
}

function memoryOf(report: NodeReport | null): Json | null {
  if (report === null) return null;
  const { memory } = report;
  return { total_gb: gigabytes(memory.totalBytes), used_gb: gigabytes(memory.usedBytes), available_gb: gigabytes(memory.availableBytes), pressure: memory.pressure, swap_used_gb: gigabytes(memory.swapUsedBytes) };
}

function capacityOf(capacity: NodeCapacity): Json {
  return {
    mode: capacity.mode, ceiling_gb: gigabytes(capacity.ceilingBytes), availability_score: capacity.availability, availability: capacity.availability, trend: capacity.trend ?? null,
    reason: capacity.reason, override_active: capacity.overridden, learning_confidence: capacity.confidence, days_observed: capacity.daysObserved,
  };
}

function gpuRow(gpu: Gpu): Json {
  return {
    index: gpu.index, name: gpu.name ?? null, vendor: gpu.vendor ?? null, vram_total_mb: gpu.vramTotalMb ?? null, vram_used_mb: gpu.vramUsedMb ?? null, vram_free_mb: gpu.vramFreeMb ?? null,
    utilization_pct: gpu.utilizationPct ?? null, temperature_c: gpu.temperatureC ?? null, unified: gpu.unified === true,
  };
}

/** All the machine's servers as the one that the old system knew. */
function ollamaOf(backends: readonly BackendState[], now: LiveNow): Json {
  const up = backends.filter(({ status }) => status !== 'down');
  const loaded = up.flatMap((backend) => (backend.report?.resident ?? []).map((one) => loadedRow(one, backend, now)));
  const names = new Set(up.flatMap(({ report }) => report?.models.map(({ name }) => name) ?? []));
  return { models_loaded: loaded, models_available: [...names], requests_active: backends.reduce((sum, { id }) => sum + runningOn(id, now), 0) };
}

function loadedRow(one: Resident, backend: BackendState, now: LiveNow): Json {
  const model = backend.report?.models.find(({ name }) => sameModel(name, one.name));
  return {
    name: one.name, size_gb: gigabytes(one.sizeBytes ?? model?.sizeBytes), requests_active: runningOf(backend.id, one.name, now),
    parameter_size: model?.parameterSize ?? null, quantization: model?.quantization ?? null, context_length: one.contextLength ?? null,
  };
}

const media = { image: ['image', 'generating'], transcription: ['transcription', 'transcribing'], 'image-embedding': ['vision_embedding', 'processing'] } as const satisfies Partial<Record<Capability, readonly [string, string]>>;

/** What the machine offers beside text: its models, and whether one is at work. */
function mediaOf(backends: readonly BackendState[], now: LiveNow): Json {
  return Object.assign({}, ...Object.entries(media).map(([capability, [name, busy]]) => {
    const found = backends.flatMap((backend) => modelsWith(backend, capability as Capability).map((model) => ({ backend, model })));
    const [first] = found;
    if (first === undefined) return {};
    const models = found.map(({ backend, model }) => ({ name: model.name, ...(name === 'image' ? { binary: backend.kind } : {}) }));
    return { [name]: { models_available: models, [busy]: found.some(({ backend, model }) => runningOf(backend.id, model.name, now) > 0) }, [`${name}_port`]: portOf(first.backend.url) };
  })) as Json;
}

export function modelsWith({ report }: BackendState, capability: Capability): readonly Model[] {
  return report?.models.filter(({ capabilities }) => capabilities?.includes(capability) === true) ?? [];
}

function portOf(address: string): number | null {
  if (!URL.canParse(address)) return null;
  const { port, protocol } = new URL(address);
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

function backendRow(backend: BackendState, now: LiveNow): Json {
  const { id, kind, url, status, problem, breaker, resting, report } = backend;
  return { id, kind, url, status, ...(problem === undefined ? {} : { problem }), ...(breaker === undefined ? {} : { breaker }), ...(resting === undefined ? {} : { resting }), ...(report?.version === undefined ? {} : { version: report.version }), models_available: report?.models.length ?? 0, models: liveModels(backend, now) };
}

/** What is in memory, and what runs without being there yet. */
function liveModels(backend: BackendState, now: LiveNow): Json[] {
  const resident = backend.report?.resident ?? [];
  const running = now.load.runningByBackend?.().get(backend.id) ?? new Map<string, number>();
  const coming = [...running].filter(([model, count]) => count > 0 && !resident.some(({ name }) => sameModel(name, model))).map(([name]): Resident => ({ name }));
  return [...resident, ...coming].map((one) => ({
    name: one.name,
    ...stateOf(one, backend, coming.includes(one) ? now.loadingSince(backend.id, one.name) : undefined, now),
    ...known({ size_gb: gigabytes(one.sizeBytes), vram_gb: gigabytes(one.vramBytes), context_length: one.contextLength, expires_at: one.expiresAt }),
    running: runningOf(backend.id, one.name, now),
    slots: now.slots(backend, modelKey(one.name)),
    waiting: now.load.queued(modelKey(one.name)),
    tokens_per_second: inTenths(now.tokensPerSecond(backend.id, one.name)),
  }));
}

/** How long a load takes is known from those before it. */
function stateOf({ name, sleeping }: Resident, { id }: BackendState, loadingSince: number | undefined, { at, fleet }: LiveNow): Json {
  if (loadingSince === undefined) return { state: sleeping === true ? 'cold' : 'loaded' };
  const { loadMs } = fleet.speed(id, name);
  return { state: 'loading', loading_ms: Math.max(0, Math.round(at - loadingSince)), ...(loadMs === undefined ? {} : { load_expected_ms: Math.round(loadMs) }) };
}

function known(members: Json): Json {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null));
}

function runningOn(backendId: string, now: LiveNow): number {
  return [...(now.load.runningByBackend?.().get(backendId)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
}

function runningOf(backendId: string, model: string, now: LiveNow): number {
  const models = now.load.runningByBackend?.().get(backendId);
  return [...(models ?? [])].reduce((sum, [name, count]) => (sameModel(name, model) ? sum + count : sum), 0);
}
