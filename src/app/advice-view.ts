/** Advice on models as the dashboard's API shows it (contract fleet part 2.8). Pure. */
import type { Advice, FleetAdvice, MachinePlan, ModelUse } from '../routing/recommend.ts';
import { isoTime } from '../http/iso-time.ts';
import { gigabytes } from '../http/node-view.ts';

type Json = Record<string, unknown>;

/** What was used since a moment, both in epoch milliseconds. */
export interface AdviceGrounds {
  readonly used: readonly ModelUse[];
  readonly since: number;
  readonly at: number;
}

export function adviceView({ machines, demand, uncovered }: FleetAdvice, { used, since, at }: AdviceGrounds): Json {
  const nodes = machines.map(planRow);
  const sum = (name: string): number => Math.round(nodes.reduce((all, node) => all + Number(node[name] ?? 0), 0) * 100) / 100;
  return {
    nodes,
    usage: {
      since: isoTime(since),
      requests: used.reduce((all, { requests }) => all + requests, 0),
      by_category: demand.map(({ category, requests }) => ({ category, requests })),
      by_model: used.map(({ model, nodeId, requests }) => ({ model, node_id: nodeId, requests })),
    },
    fleet_summary: {
      nodes_total: nodes.length, total_ram_gb: sum('total_ram_gb'), usable_ram_gb: sum('usable_ram_gb'), total_recommended_ram_gb: sum('total_recommended_ram_gb'),
      models_to_pull: machines.reduce((all, { advice }) => all + pullsOf(advice).length, 0), to_pull_gb: gigabytes(machines.reduce((all, { advice }) => all + fileBytes(pullsOf(advice)), 0)),
    },
    uncovered_categories: uncovered,
    generated_at: isoTime(at),
  };
}

function planRow({ nodeId, backendId, report: { disk }, memory, stored, advice }: MachinePlan): Json {
  const recommended = advice.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  return {
    node_id: nodeId,
    backend: backendId,
    memory_kind: memory.where === 'memory' ? 'ram' : 'vram',
    total_ram_gb: gigabytes(memory.totalBytes),
    usable_ram_gb: gigabytes(memory.usableBytes),
    memory_bandwidth_gbps: memory.gbps ?? null,
    current_models: stored.map(({ name, sizeBytes }) => ({ name, size_gb: gigabytes(sizeBytes) })),
    recommendations: advice.map((one) => adviceRow(nodeId, one)),
    disk_total_gb: gigabytes(disk?.totalBytes),
    disk_available_gb: gigabytes(disk?.availableBytes),
    disk_after_gb: disk === undefined ? null : gigabytes(disk.availableBytes - fileBytes(pullsOf(advice))),
    total_recommended_ram_gb: gigabytes(recommended),
    kept_ram_gb: gigabytes(advice.filter(({ there }) => there).reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)),
    ram_headroom_gb: gigabytes(memory.usableBytes - recommended),
  };
}

function adviceRow(nodeId: string, { model, title, category, memoryBytes, quality, reason, priority, there, fileBytes: size, tokensPerSecond, requests }: Advice): Json {
  return {
    node_id: nodeId, model, display_name: title, category, ram_gb: gigabytes(memoryBytes), quality_score: quality, reason, priority, already_available: there,
    size_gb: gigabytes(size), tokens_per_second: tokensPerSecond === null ? null : Math.round(tokensPerSecond * 10) / 10, requests,
  };
}

function pullsOf(advice: readonly Advice[]): readonly Advice[] {
  return advice.filter(({ there }) => !there);
}

function fileBytes(advice: readonly Advice[]): number {
  return advice.reduce((sum, one) => sum + one.fileBytes, 0);
}
