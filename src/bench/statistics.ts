/** What the requests of a benchmark come to. Pure. */
import type { BenchSample, NodeLook } from './bench.ts';

/** The value below which this share (0 to 1) lies, by linear interpolation between the two nearest; null of nothing. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  return low === undefined || high === undefined ? null : low + (high - low) * (at - Math.floor(at));
}

export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Tokens that a model made; of one that only reads, those that it read. */
export function tokensOf({ kind, promptTokens, completionTokens }: BenchSample): number {
  return kind === 'embed' ? promptTokens : completionTokens;
}

type Row = Readonly<Record<string, unknown>>;

/** Of the whole run, over the seconds that it took. */
export function totals(samples: readonly BenchSample[], seconds: number): Row {
  const good = samples.filter(({ error }) => error === undefined);
  const sum = (of: (sample: BenchSample) => number): number => good.reduce((total, sample) => total + of(sample), 0);
  return {
    duration_s: rounded(seconds) ?? 0,
    total_requests: samples.length,
    total_failures: samples.length - good.length,
    total_prompt_tokens: sum(({ promptTokens }) => promptTokens),
    total_completion_tokens: sum(({ completionTokens }) => completionTokens),
    requests_per_sec: rate(good.length, seconds),
    tokens_per_sec: rate(sum(tokensOf), seconds),
    ...percentiles('latency', good.map(({ latencyMs }) => latencyMs)),
    ...percentiles('ttft', firstTokens(good)),
  };
}

export function byModel(samples: readonly BenchSample[], seconds: number): Readonly<Record<string, Row>> {
  return grouped(samples, ({ model }) => model, (rows) => {
    const good = rows.filter(({ error }) => error === undefined);
    const latencies = good.map(({ latencyMs }) => latencyMs);
    return {
      kind: rows[0]?.kind,
      requests: rows.length,
      failures: rows.length - good.length,
      tok_s: rate(sumOf(good, tokensOf), seconds),
      avg_latency_ms: rounded(mean(latencies)),
      avg_ttft_ms: rounded(mean(firstTokens(good))),
      ...percentiles('latency', latencies),
      ...percentiles('ttft', firstTokens(good)),
    };
  });
}

/** Where the requests that were answered ran. */
export function byNode(samples: readonly BenchSample[], seconds: number): Readonly<Record<string, Row>> {
  const good = samples.filter(({ error, nodeId }) => error === undefined && nodeId !== undefined);
  return grouped(good, ({ nodeId }) => nodeId ?? '', (rows) => {
    const tokens = sumOf(rows, tokensOf);
    return { requests: rows.length, pct: rounded((100 * rows.length) / good.length), tok_s: rate(tokens, seconds), tokens, avg_ttft_ms: rounded(mean(firstTokens(rows))) };
  });
}

/** How busy each machine was, on average and at most. */
export function utilization(looks: readonly NodeLook[], activePeak: number): Row {
  const nodes = grouped(looks, ({ nodeId }) => nodeId, (rows) => {
    const cpu = rows.flatMap(({ cpuPct }) => cpuPct ?? []);
    const memory = rows.flatMap(({ memoryPct }) => memoryPct ?? []);
    return { cpu_avg: rounded(mean(cpu)), cpu_peak: rounded(mostOf(cpu)), mem_avg: rounded(mean(memory)), mem_peak: rounded(mostOf(memory)) };
  });
  return { nodes, active_peak: activePeak };
}

export function rate(count: number, seconds: number): number {
  return seconds > 0 ? (rounded(count / seconds) ?? 0) : 0;
}

function percentiles(name: string, values: readonly number[]): Row {
  return Object.fromEntries([50, 95, 99].map((share) => [`${name}_p${share}_ms`, rounded(percentile(values, share / 100))]));
}

function firstTokens(samples: readonly BenchSample[]): readonly number[] {
  return samples.flatMap(({ firstTokenMs }) => firstTokenMs ?? []);
}

function sumOf(samples: readonly BenchSample[], of: (sample: BenchSample) => number): number {
  return samples.reduce((sum, sample) => sum + of(sample), 0);
}

function mostOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

/** By name, in order of their names. */
function grouped<Item>(items: readonly Item[], nameOf: (item: Item) => string, row: (items: readonly Item[]) => Row): Readonly<Record<string, Row>> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(nameOf(item));
    if (group === undefined) groups.set(nameOf(item), [item]);
    else group.push(item);
  }
  return Object.fromEntries([...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, group]) => [name, row(group)]));
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 100) / 100;
}
