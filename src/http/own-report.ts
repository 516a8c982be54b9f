/** Reads the report that our agents send with a heartbeat, member for member. Pure. */
import type { Capability, Gpu, Model, Resident } from '../core/fleet.ts';
import type { NodeActivity, NodeCapacity, NodeMemory, NodeReport, NodeServer } from '../core/node.ts';
import { known, type ReportFields, wrong } from './report-fields.ts';

const mostServers = 32;
const mostModels = 1000;
const mostGpus = 32;
/** A pebibyte. */
const mostBytes = 2 ** 50;

export function ownReport(fields: ReportFields, nodeId: string, at: number): NodeReport {
  const said = fields.text('nodeId');
  if (said !== undefined && said !== nodeId) wrong('oar.nodeId', 'oar.nodeId is not the same as node_id.');
  const thermal = fields.child('thermal');
  return known<NodeReport>({
    nodeId,
    name: fields.sentence('name') ?? nodeId,
    agentVersion: fields.sentence('agentVersion'),
    os: fields.sentence('os'),
    arch: fields.sentence('arch'),
    at: fields.figure('at', 8.64e15) ?? at,
    chip: fields.sentence('chip'),
    cores: fields.count('cores', 100_000),
    cpuPct: fields.figure('cpuPct', 100),
    load1: fields.figure('load1', 1_000_000),
    memory: memoryIn(fields.child('memory') ?? wrong('oar.memory', 'oar.memory is missing.')),
    memoryBandwidthGbps: fields.figure('memoryBandwidthGbps', 1_000_000),
    gpus: fields.children('gpus', mostGpus).map(gpuIn),
    thermal: thermal === null ? undefined : thermalIn(thermal),
    disk: diskIn(fields.child('disk')),
    draining: fields.flag('draining'),
    capacity: capacityIn(fields.child('capacity')),
    activity: fields.choice<NodeActivity>('activity', ['idle', 'light', 'moderate', 'heavy', 'intensive']),
    servers: serversIn(fields),
  });
}

function memoryIn(memory: ReportFields): NodeMemory {
  const totalBytes = memory.needed('totalBytes', mostBytes);
  const availableBytes = Math.min(totalBytes, memory.needed('availableBytes', mostBytes));
  return known<NodeMemory>({
    totalBytes,
    usedBytes: memory.figure('usedBytes', mostBytes) ?? totalBytes - availableBytes,
    availableBytes,
    pressure: memory.choice('pressure', ['normal', 'warn', 'critical']) ?? 'normal',
    swapUsedBytes: memory.figure('swapUsedBytes', mostBytes),
  });
}

function gpuIn(gpu: ReportFields, index: number): Gpu {
  const mostMb = mostBytes / 2 ** 20;
  return known<Gpu>({
    index: gpu.count('index', 1000) ?? index,
    name: gpu.sentence('name'),
    vramTotalMb: gpu.figure('vramTotalMb', mostMb),
    vramUsedMb: gpu.figure('vramUsedMb', mostMb),
    vramFreeMb: gpu.figure('vramFreeMb', mostMb),
    utilizationPct: gpu.figure('utilizationPct', 100),
    vendor: gpu.choice('vendor', ['nvidia', 'amd', 'apple', 'intel']),
    temperatureC: gpu.figure('temperatureC', 200),
    unified: gpu.flag('unified') || undefined,
  });
}

function thermalIn(thermal: ReportFields): NonNullable<NodeReport['thermal']> {
  return known<NonNullable<NodeReport['thermal']>>({ state: thermal.choice('state', ['nominal', 'warning', 'unknown']) ?? 'unknown', temperatureC: thermal.figure('temperatureC', 200), source: thermal.sentence('source') });
}

function diskIn(disk: ReportFields | null): NodeReport['disk'] {
  const totalBytes = disk?.figure('totalBytes', mostBytes);
  const availableBytes = disk?.figure('availableBytes', mostBytes);
  if (disk === null || totalBytes === undefined || availableBytes === undefined) return undefined;
  return { totalBytes, usedBytes: disk.figure('usedBytes', mostBytes) ?? Math.max(0, totalBytes - availableBytes), availableBytes };
}

function capacityIn(capacity: ReportFields | null): NodeCapacity | undefined {
  const mode = capacity?.choice('mode', ['full', 'learned_high', 'learned_medium', 'learned_low', 'paused', 'bootstrap']);
  if (capacity === null || mode === undefined) return undefined;
  return known<NodeCapacity>({
    mode,
    ceilingBytes: capacity.figure('ceilingBytes', mostBytes),
    availability: capacity.figure('availability', 1) ?? 1,
    trend: capacity.signed('trend', 1),
    reason: capacity.sentence('reason') ?? '',
    overridden: capacity.flag('overridden'),
    confidence: capacity.figure('confidence', 1) ?? 0,
    daysObserved: capacity.figure('daysObserved', 100_000) ?? 0,
  });
}

function serversIn(fields: ReportFields): readonly NodeServer[] {
  const servers = fields.children('servers', mostServers).map(serverIn);
  const twice = servers.find((one, index) => servers.findIndex((other) => other.name === one.name) < index);
  if (twice !== undefined) wrong('oar.servers', `oar.servers has two of the name ${twice.name}.`);
  return servers;
}

function serverIn(server: ReportFields): NodeServer {
  const { path } = server;
  const name = server.text('name') ?? '';
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name)) wrong(`${path}.name`, `${path}.name must have at most 64 letters, digits, dots, dashes and underscores.`);
  const key = server.text('key');
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) wrong(`${path}.key`, `${path}.key cannot stand in a header.`);
  return known<NodeServer>({
    name,
    kind: server.text('kind') ?? wrong(`${path}.kind`, `${path}.kind is missing. It must be a kind of backend, such as ollama.`),
    port: portIn(server),
    key,
    status: server.choice('status', ['up', 'down']) ?? 'up',
    problem: server.sentence('problem'),
    version: server.sentence('version'),
    models: server.children('models', mostModels).flatMap((model) => modelIn(model) ?? []),
    resident: server.isNull('resident') ? null : server.children('resident', mostModels).flatMap((one) => residentIn(one) ?? []),
    maxConcurrent: server.count('maxConcurrent', 100_000) || undefined,
  });
}

function portIn(server: ReportFields): number {
  const port = server.count('port', 65_535);
  return port === undefined || port === 0 ? wrong(`${server.path}.port`, `${server.path}.port must be a whole number from 1 to 65535.`) : port;
}

const capabilities: readonly Capability[] = ['chat', 'embedding', 'vision', 'tools', 'thinking', 'insert', 'rerank', 'image', 'transcription', 'speech', 'image-embedding'];

function modelIn(model: ReportFields): Model | null {
  const name = model.text('name');
  if (name === undefined) return null;
  const said = model.names('capabilities', capabilities.length);
  return known<Model>({
    name,
    sizeBytes: model.figure('sizeBytes', mostBytes),
    contextLength: model.count('contextLength', 100_000_000),
    capabilities: model.has('capabilities') ? capabilities.filter((one) => said.includes(one)) : undefined,
    family: model.sentence('family'),
    parameterSize: model.sentence('parameterSize'),
    quantization: model.sentence('quantization'),
    digest: model.text('digest'),
    modifiedAt: model.text('modifiedAt'),
    ownedBy: model.sentence('ownedBy'),
    // The server's own words for it come with the first probe.
    row: undefined,
    show: undefined,
  });
}

function residentIn(one: ReportFields): Resident | null {
  const name = one.text('name');
  if (name === undefined) return null;
  return known<Resident>({
    name,
    sizeBytes: one.figure('sizeBytes', mostBytes),
    vramBytes: one.figure('vramBytes', mostBytes),
    contextLength: one.count('contextLength', 100_000_000),
    expiresAt: one.text('expiresAt'),
    sleeping: one.flag('sleeping') || undefined,
    digest: one.text('digest'),
    row: undefined,
  });
}
