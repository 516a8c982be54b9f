/** Makes a report of what the agents of the old system say (contract fleet part 3). Pure. */
import type { NodeCapacity, NodeReport, NodeServer } from '../core/node.ts';
import type { Model, Resident } from '../core/fleet.ts';
import { modelKey } from '../util/model-name.ts';
import { known, longestText, type ReportFields, wrong } from './report-fields.ts';

const bytesPerGb = 1024 ** 3;
/** A machine with more does not exist. */
const mostGb = 1_000_000;
const mostModels = 1000;

/** `fields` has the objects cpu, memory and ollama. */
export function oldReport(fields: ReportFields, nodeId: string, at: number): NodeReport {
  const cpu = fields.child('cpu');
  const disk = sizesOf(fields.child('disk'));
  return known<NodeReport>({
    nodeId,
    name: nodeId,
    agentVersion: fields.sentence('agent_version'),
    os: undefined,
    arch: fields.sentence('arch'),
    at: timeIn(fields) ?? at,
    chip: fields.sentence('chip'),
    cores: cpu?.count('cores_physical', 100_000),
    cpuPct: cpu?.figure('utilization_pct', 100),
    load1: undefined,
    memory: memoryIn(fields),
    memoryBandwidthGbps: fields.figure('memory_bandwidth_gbps', 1_000_000),
    gpus: [],
    thermal: thermalIn(fields),
    disk: disk === undefined ? undefined : { totalBytes: disk.total, usedBytes: disk.used, availableBytes: disk.available },
    draining: fields.flag('draining'),
    capacity: capacityIn(fields),
    activity: undefined,
    servers: [ollamaIn(fields)],
  });
}

/** Seconds, milliseconds or ISO 8601. */
function timeIn(fields: ReportFields): number | undefined {
  const number = fields.figure('timestamp', 8.64e15);
  if (number !== undefined) return number < 1e11 ? number * 1000 : number;
  const text = fields.text('timestamp');
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

function memoryIn(fields: ReportFields): NodeReport['memory'] {
  const memory = fields.child('memory');
  if (memory === null) return wrong('memory', 'memory is missing.');
  const total = memory.needed('total_gb', mostGb);
  const available = Math.min(total, memory.needed('available_gb', mostGb));
  return {
    totalBytes: bytes(total),
    usedBytes: bytes(memory.figure('used_gb', mostGb) ?? total - available),
    availableBytes: bytes(available),
    pressure: memory.choice('pressure', ['normal', 'warn', 'critical']) ?? 'normal',
  };
}

function bytes(gigabytes: number): number {
  return Math.round(gigabytes * bytesPerGb);
}

function sizesOf(fields: ReportFields | null): { readonly total: number; readonly used: number; readonly available: number } | undefined {
  const total = fields?.figure('total_gb', mostGb);
  const available = fields?.figure('available_gb', mostGb);
  if (fields === null || total === undefined || available === undefined) return undefined;
  return { total: bytes(total), used: bytes(fields.figure('used_gb', mostGb) ?? Math.max(0, total - available)), available: bytes(available) };
}

function thermalIn(fields: ReportFields): NodeReport['thermal'] {
  const thermal = fields.child('thermal');
  if (thermal === null) return undefined;
  return known<NonNullable<NodeReport['thermal']>>({
    state: thermal.choice('state', ['nominal', 'warning', 'unknown']) ?? 'unknown',
    temperatureC: thermal.figure('temperature_c', 200),
    source: thermal.sentence('source'),
  });
}

const modes = ['full', 'learned_high', 'learned_medium', 'learned_low', 'paused', 'bootstrap'] as const;

function capacityIn(fields: ReportFields): NodeCapacity | undefined {
  const capacity = fields.child('capacity');
  const mode = capacity?.choice('mode', modes);
  if (capacity === null || mode === undefined) return undefined;
  const ceiling = capacity.figure('ceiling_gb', mostGb);
  return known<NodeCapacity>({
    mode,
    // Nought stands for none there.
    ceilingBytes: ceiling === undefined || ceiling === 0 ? undefined : bytes(ceiling),
    availability: capacity.figure('availability_score', 1) ?? 1,
    trend: undefined,
    reason: capacity.sentence('reason') ?? '',
    overridden: capacity.flag('override_active'),
    confidence: capacity.figure('learning_confidence', 1) ?? 0,
    daysObserved: capacity.figure('days_observed', 100_000) ?? 0,
  });
}

const ollamaPort = 11_434;

function ollamaIn(fields: ReportFields): NodeServer {
  const ollama = fields.child('ollama');
  const resident = (ollama?.children('models_loaded', mostModels) ?? []).flatMap((one) => residentIn(one) ?? []);
  const listed = ollama?.names('models_available', mostModels) ?? [];
  const sizes = ollama?.child('models_available_sizes') ?? null;
  const names = [...new Set([...listed, ...resident.map(({ name }) => name).filter((name) => !listed.some((other) => modelKey(other) === modelKey(name)))])];
  return known<NodeServer>({
    name: 'ollama',
    kind: 'ollama',
    port: portIn(fields),
    key: undefined,
    status: 'up',
    problem: undefined,
    version: ollama?.sentence('version'),
    models: names.map((name) => known<Model>({ ...noDetails, name, sizeBytes: sizeIn(sizes, name) })),
    resident,
    maxConcurrent: ollama?.count('num_parallel', 1000) || undefined,
  });
}

const noDetails = {
  contextLength: undefined, capabilities: undefined, family: undefined, parameterSize: undefined, quantization: undefined,
  digest: undefined, modifiedAt: undefined, ownedBy: undefined, row: undefined, show: undefined,
};

function sizeIn(sizes: ReportFields | null, name: string): number | undefined {
  const size = name.length > longestText ? undefined : sizes?.figure(name, mostGb);
  return size === undefined ? undefined : bytes(size);
}

function residentIn(fields: ReportFields): Resident | null {
  const name = fields.text('name');
  if (name === undefined) return null;
  const size = fields.figure('size_gb', mostGb);
  return known<Resident>({ name, sizeBytes: size === undefined ? undefined : bytes(size), vramBytes: undefined, contextLength: fields.count('context_length', 100_000_000), expiresAt: undefined, sleeping: undefined, digest: fields.text('digest'), row: undefined });
}

/** Of `ollama_host`; without a port in it, that of its scheme or Ollama's own. */
function portIn(fields: ReportFields): number {
  const written = fields.text('ollama_host');
  if (written === undefined) return ollamaPort;
  const hasScheme = /^[a-z]+:\/\//i.test(written);
  const address = hasScheme ? written : `http://${written}`;
  if (!URL.canParse(address)) return wrong('ollama_host', 'ollama_host must be an address such as http://127.0.0.1:11434.');
  const { port, protocol } = new URL(address);
  if (port !== '') return Number(port);
  return hasScheme ? (protocol === 'https:' ? 443 : 80) : ollamaPort;
}
