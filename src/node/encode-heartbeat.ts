/** A report as the body of a heartbeat: the fields of contract fleet part 3, so that an old router takes it too, and ours under `oar`. Pure. */
import type { Model, Resident } from '../core/fleet.ts';
import type { NodeCapacity, NodeReport, NodeServer } from '../core/node.ts';
import { known } from './known-values.ts';

const bytesPerGb = 1024 ** 3;

/** `lanIp`: this machine's address in the router's network; null: not to be told. */
export function encodeHeartbeat(report: NodeReport, lanIp: string | null): Readonly<Record<string, unknown>> {
  const ollama = report.servers.find(({ name }) => name === 'ollama');
  return known<Record<string, unknown>>({
    node_id: report.nodeId,
    arch: report.arch,
    timestamp: report.at / 1000,
    cpu: { cores_physical: report.cores ?? 1, utilization_pct: report.cpuPct ?? 0 },
    memory: { total_gb: gb(report.memory.totalBytes), used_gb: gb(report.memory.usedBytes), available_gb: gb(report.memory.availableBytes), pressure: report.memory.pressure },
    thermal: report.thermal && known({ state: report.thermal.state, temperature_c: report.thermal.temperatureC, source: report.thermal.source }),
    disk: report.disk && { total_gb: gb(report.disk.totalBytes), used_gb: gb(report.disk.usedBytes), available_gb: gb(report.disk.availableBytes) },
    ollama: oldOllama(ollama),
    // An old router takes the port alone; the host must be the machine's own in any case.
    ollama_host: ollama && `http://127.0.0.1:${ollama.port}`,
    lan_ip: lanIp ?? undefined,
    draining: report.draining,
    capacity: report.capacity && oldCapacity(report.capacity),
    agent_version: report.agentVersion,
    chip: report.chip,
    memory_bandwidth_gbps: report.memoryBandwidthGbps,
    oar: { ...report, servers: report.servers.map(withoutRows) },
  });
}

/** Numbers with nine digits are as good as bytes, and shorter. */
function gb(bytes: number): number {
  return Number((bytes / bytesPerGb).toFixed(6));
}

function oldOllama(server: NodeServer | undefined): object {
  const up = server?.status === 'up' ? server : undefined;
  const models = new Map(up?.models.map((model) => [model.name, model]));
  return {
    models_loaded: (up?.resident ?? []).map((one) => loadedRow(one, models.get(one.name))),
    models_available: [...models.keys()],
    requests_active: 0,
  };
}

function loadedRow(resident: Resident, model: Model | undefined): object {
  return known<Record<string, unknown>>({
    name: resident.name,
    size_gb: gb(resident.sizeBytes ?? model?.sizeBytes ?? 0),
    requests_active: 0,
    parameter_size: model?.parameterSize,
    quantization: model?.quantization,
    context_length: resident.contextLength,
  });
}

function oldCapacity(capacity: NodeCapacity): object {
  return {
    mode: capacity.mode,
    ceiling_gb: capacity.ceilingBytes === undefined ? 0 : gb(capacity.ceilingBytes),
    availability_score: capacity.availability,
    reason: capacity.reason,
    override_active: capacity.overridden,
    learning_confidence: capacity.confidence,
    days_observed: capacity.daysObserved,
  };
}

/** The router asks the server itself for its own words. */
function withoutRows(server: NodeServer): NodeServer {
  return { ...server, models: server.models.map(({ row: _row, show: _show, ...model }) => model), resident: server.resident?.map(({ row: _row, ...resident }) => resident) ?? null };
}
