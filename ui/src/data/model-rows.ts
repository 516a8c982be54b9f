/** What is known of each model from four sides: its use, its files, its contexts, and what is in memory now. Pure. */
import { decimalGb } from './format.ts';
import type { ContextUsage, LiveNode, ModelDay, ModelSummary, NodeModels, TrendRow } from './shapes.ts';

export interface ModelPlace {
  readonly node: string;
  /** Where it is asked for; absent while no server of the machine is known. */
  readonly backend?: string;
  readonly loaded: boolean;
  readonly sizeGb?: number;
  readonly lastUsed?: number | null;
}

export interface ModelRow {
  readonly name: string;
  readonly places: readonly ModelPlace[];
  readonly loadedOn: number;
  readonly sizeGb: number | null;
  readonly parameters: string | null;
  readonly quantization: string | null;
  readonly requests: number;
  readonly failed: number;
  readonly tokens: number;
  readonly speed: number | null;
  readonly firstMs: number | null;
  readonly latencyMs: number | null;
  readonly contextAllocated: number | null;
  /** That 99 of 100 requests do with. */
  readonly contextUsed: number | null;
  readonly contextAdvised: number | null;
  /** Epoch milliseconds. */
  readonly lastUsed: number | null;
  /** Requests by the reader's hour of the day, from midnight on; empty when none is known. */
  readonly hours: readonly number[];
  readonly days: readonly { readonly at: number; readonly requests: number; readonly latencyMs: number | null; readonly tokens: number }[];
}

export interface ModelSources {
  readonly used: { readonly daily: readonly ModelDay[]; readonly summary: readonly ModelSummary[] } | null;
  readonly stored: readonly NodeModels[];
  readonly contexts: readonly ContextUsage[];
  /** By model. */
  readonly hourly: readonly TrendRow[];
  readonly live: readonly LiveNode[];
}

export function modelRows({ used, stored, contexts, hourly, live }: ModelSources): readonly ModelRow[] {
  const names = new Set([...(used?.summary ?? []).map((one) => one.model_name), ...stored.flatMap((node) => node.models.map((model) => model.name)), ...residents(live).map(({ model }) => model.name)]);
  return [...names].filter((name) => name !== '').map((name) => rowOf(name, { used, stored, contexts, hourly, live }));
}

function residents(live: readonly LiveNode[]) {
  return live.flatMap((node) => (node.backends ?? []).flatMap((backend) => (backend.models ?? []).filter((model) => model.state !== 'cold').map((model) => ({ node, backend, model }))));
}

function rowOf(name: string, { used, stored, contexts, hourly, live }: ModelSources): ModelRow {
  const summary = used?.summary.find((one) => one.model_name === name);
  const files = stored.flatMap((node) => node.models.filter((model) => model.name === name).map((model) => ({ node: node.node_id, model })));
  const inMemory = residents(live).filter(({ model }) => model.name === name);
  const usage = contexts.find((one) => one.model === name);
  const places = placesOf(files, inMemory, live);
  const days = (used?.daily ?? []).filter((day) => day.model_name === name).map((day) => ({ at: day.day_bucket, requests: day.request_count, latencyMs: day.avg_latency_ms ?? null, tokens: (day.total_prompt_tokens ?? 0) + (day.total_completion_tokens ?? 0) }));
  return {
    name,
    places,
    loadedOn: places.filter((place) => place.loaded).length,
    sizeGb: places.find((place) => place.sizeGb !== undefined)?.sizeGb ?? null,
    parameters: files[0]?.model.parameter_size ?? null,
    quantization: files[0]?.model.quantization ?? null,
    requests: days.reduce((all, day) => all + day.requests, 0),
    failed: summary?.failed_count ?? 0,
    tokens: days.reduce((all, day) => all + day.tokens, 0),
    speed: summary?.tokens_per_second ?? null,
    firstMs: summary?.avg_ttft_ms ?? null,
    latencyMs: summary?.avg_latency_ms ?? null,
    contextAllocated: usage?.allocated_ctx ?? inMemory.find(({ model }) => model.context_length !== undefined)?.model.context_length ?? null,
    contextUsed: usage?.total_tokens?.p99 ?? null,
    contextAdvised: usage?.recommended_ctx ?? null,
    lastUsed: summary?.last_seen === undefined ? null : summary.last_seen * 1000,
    hours: hoursOf(hourly.filter((row) => row.group === name)),
    days,
  };
}

function hoursOf(rows: readonly TrendRow[]): readonly number[] {
  if (rows.length === 0) return [];
  const hours = Array.from({ length: 24 }, () => 0);
  for (const row of rows) {
    const hour = new Date(row.hour_bucket * 1000).getHours();
    hours[hour] = (hours[hour] ?? 0) + row.request_count;
  }
  return hours;
}

function placesOf(files: readonly { readonly node: string; readonly model: NodeModels['models'][number] }[], inMemory: ReturnType<typeof residents>, live: readonly LiveNode[]): readonly ModelPlace[] {
  const places = new Map<string, ModelPlace>();
  for (const { node, model } of files) {
    const backend = live.find((one) => one.node_id === node)?.backends?.[0]?.id;
    places.set(node, { node, ...(backend === undefined ? {} : { backend }), loaded: model.loaded_in_vram ?? false, ...(model.size_gb === undefined ? {} : { sizeGb: model.size_gb }) });
  }
  for (const { node, backend, model } of inMemory) {
    const before = places.get(node.node_id);
    places.set(node.node_id, { ...before, node: node.node_id, backend: backend.id, loaded: model.state === 'loaded', ...(before?.sizeGb === undefined && model.size_gb !== undefined ? { sizeGb: decimalGb(model.size_gb) } : {}) });
  }
  return [...places.values()];
}
