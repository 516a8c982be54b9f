/** Benchmark runs that were measured and are kept: `/dashboard/api/benchmarks` (contract fleet part 1.3). */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { KeyValueStore } from '../store/store.ts';
import type { Exchange, Route } from './http.ts';
import { readJsonObject } from './json-object.ts';
import { pageOf } from './page.ts';
import { rules } from './rules.ts';

type Json = Record<string, unknown>;

export interface BenchmarkSource {
  readonly clock: Clock;
  readonly store: Pick<KeyValueStore, 'get' | 'put' | 'trim' | 'list'>;
}

const prefix = 'benchmark:';
const mostRuns = 1_000;
const longestRun = 200_000;
const idPattern = /^[\w.:-]{1,100}$/;
const counts = ['duration_s', 'total_requests', 'total_failures', 'total_prompt_tokens', 'total_completion_tokens'] as const;
const measured = ['requests_per_sec', 'tokens_per_sec', 'latency_p50_ms', 'latency_p95_ms', 'latency_p99_ms', 'ttft_p50_ms', 'ttft_p95_ms', 'ttft_p99_ms', 'timestamp'] as const;
const reports = ['fleet_snapshot', 'per_model_results', 'per_node_results', 'peak_utilization'] as const;

export function benchmarkRoutes(source: BenchmarkSource): Route[] {
  return [
    { method: 'GET', path: '/dashboard/api/benchmarks', rule: rules.read, handle: (exchange) => list(exchange, source) },
    { method: 'POST', path: '/dashboard/api/benchmarks', rule: rules.manage, handle: (exchange) => save(exchange, source) },
    { method: 'GET', path: '/dashboard/api/benchmarks/:id', rule: rules.read, handle: async (exchange) => exchange.send(200, { data: await one(exchange, source) }) },
  ];
}

async function list(exchange: Exchange, { store }: BenchmarkSource): Promise<void> {
  const rows = await store.list({ prefix, ...pageOf(exchange), headChars: longestRun });
  exchange.send(200, { data: rows.map(({ head }) => JSON.parse(head) as unknown) });
}

async function one({ params }: Exchange, { store }: BenchmarkSource): Promise<unknown> {
  const id = params['id'] ?? '';
  const text = idPattern.test(id) ? await store.get(prefix + id) : null;
  return text === null ? null : (JSON.parse(text) as unknown);
}

async function save(exchange: Exchange, source: BenchmarkSource): Promise<void> {
  const id = await keepBenchmark(await readJsonObject(exchange), source);
  exchange.send(200, { status: 'saved', run_id: id });
}

/** Resolves with its id. Rejects with `invalid_request`, `payload_too_large`, `store_unavailable`. */
export async function keepBenchmark(fields: Readonly<Json>, { clock, store }: BenchmarkSource): Promise<string> {
  const run = runIn(fields, clock.now());
  const text = JSON.stringify(run);
  if (text.length > longestRun) throw new RouterError('payload_too_large', `A run may take ${longestRun} characters; leave parts of its reports out.`);
  await store.put(prefix + String(run['run_id']), text, null);
  await store.trim(prefix, mostRuns);
  return String(run['run_id']);
}

/** Members that are not among the known ones are left out. Throws `invalid_request`. */
function runIn(fields: Readonly<Json>, now: number): Json {
  const { run_id: id } = fields;
  if (typeof id !== 'string' || !idPattern.test(id)) throw new RouterError('invalid_request', 'run_id is a text of letters, digits and . : - _, 1 to 100 long.', { param: 'run_id' });
  const needed = counts.map((name) => [name, numberIn(fields, name)] as const);
  const known = measured.filter((name) => fields[name] !== undefined && fields[name] !== null).map((name) => [name, numberIn(fields, name)] as const);
  const told = reports.map((name) => [name, fields[name] ?? null] as const);
  return { run_id: id, timestamp: now / 1000, ...Object.fromEntries(measured.map((name) => [name, null])), ...Object.fromEntries([['timestamp', now / 1000], ...needed, ...known, ...told]) };
}

function numberIn(fields: Readonly<Json>, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new RouterError('invalid_request', value === undefined ? `${name} is missing: a number, 0 or more.` : `${name} must be a number, 0 or more.`, { param: name });
}
