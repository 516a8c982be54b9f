/** How the fleet has been over the last day, what is found wrong with it, and what is advised (contract fleet parts 1.3, 2.7, 2.8). */
import type { Clock } from '../core/clock.ts';
import type { Finding } from '../core/finding.ts';
import type { FleetView } from '../core/fleet.ts';
import type { Task } from '../core/request.ts';
import type { TraceStore } from '../store/store.ts';
import { mean, tenth } from './figure-view.ts';
import { isoTime } from './iso-time.ts';
import type { Route } from './http.ts';
import { rules } from './rules.ts';

type Json = Record<string, unknown>;

export interface HealthSource {
  readonly clock: Clock;
  readonly store: Pick<TraceStore, 'figures' | 'list'>;
  flush(): Promise<unknown>;
  fleet(): FleetView;
  /** What the checks say now. */
  findings(): Promise<readonly Finding[]> | readonly Finding[];
  /** Which model should be on which machine; `fresh`: worked out anew. */
  recommendations(fresh: boolean): Promise<unknown>;
}

const dayMs = 86_400_000;
/** Pictures and transcriptions of a day are counted one by one, up to so many. */
const mostCounted = 1_000;
const mostRecent = 10;
const weights = { critical: 20, warning: 10, info: 3 } as const;

export function healthReportRoutes(source: HealthSource): Route[] {
  const media = (path: string, task: Task, timeName: string): Route => ({ method: 'GET', path, rule: rules.read, handle: async (exchange) => exchange.send(200, await mediaStats(task, timeName, source)) });
  return [
    { method: 'GET', path: '/dashboard/api/health', rule: rules.read, handle: async (exchange) => exchange.send(200, await report(source)) },
    { method: 'GET', path: '/dashboard/api/recommendations', rule: rules.read, handle: async (exchange) => exchange.send(200, await source.recommendations(isTrue(exchange.query.get('refresh')))) },
    media('/dashboard/api/image-stats', 'image', 'avg_generation_ms'),
    media('/dashboard/api/transcription-stats', 'transcription', 'avg_processing_ms'),
  ];
}

function isTrue(text: string | null): boolean {
  return text !== null && !['', '0', 'false'].includes(text.toLowerCase());
}

async function report(source: HealthSource): Promise<Json> {
  const { clock, store, flush } = source;
  await flush();
  const since = clock.now() - dayMs;
  const [hours, images, transcriptions, findings] = await Promise.all([store.figures({ cut: 'all', span: 'hour', since }), countOf('image', since, store), countOf('transcription', since, store), source.findings()]);
  const sum = (name: 'requests' | 'failed' | 'retries' | 'coldLoads' | 'cancelled' | 'interrupted'): number => hours.reduce((all, hour) => all + hour[name], 0);
  const firsts = hours.map(({ firstPartMs }) => firstPartMs);
  const status = (name: string): number => source.fleet().nodes.filter((node) => node.status === name).length;
  return {
    vitals: {
      nodes_total: source.fleet().nodes.length, nodes_online: status('online'), nodes_degraded: status('degraded'), nodes_offline: status('offline'),
      overall_error_rate_pct: sum('requests') === 0 ? 0 : tenth((100 * sum('failed')) / sum('requests')), cold_loads_24h: sum('coldLoads'),
      avg_ttft_ms: mean({ count: firsts.reduce((all, { count }) => all + count, 0), sum: firsts.reduce((all, first) => all + first.sum, 0), min: 0, max: 0, p50: 0, p75: 0, p95: 0, p99: 0 }),
      total_requests_24h: sum('requests'), total_retries_24h: sum('retries'), client_disconnects_24h: sum('cancelled'), incomplete_streams_24h: sum('interrupted'),
      image_generations_24h: images, transcriptions_24h: transcriptions, health_score: scoreOf(findings),
    },
    recommendations: findings.map(findingRow),
    checked_at: isoTime(clock.now()),
  };
}

/** Of a hundred, less with each finding. */
export function scoreOf(findings: readonly Finding[]): number {
  return Math.max(0, 100 - findings.reduce((sum, { severity }) => sum + weights[severity], 0));
}

function findingRow({ checkId, severity, title, description, fix, command, action, nodeId, data }: Finding): Json {
  return { check_id: checkId, severity, title, description, fix, ...(command === undefined ? {} : { command }), ...(action === undefined ? {} : { action }), node_id: nodeId ?? null, data: data ?? {} };
}

async function countOf(task: Task, since: number, store: HealthSource['store']): Promise<number> {
  return (await store.list({ tasks: [task], since, limit: mostCounted })).traces.length;
}

/** Of the last day. */
async function mediaStats(task: Task, timeName: string, { clock, store, flush }: HealthSource): Promise<Json> {
  await flush();
  const { traces } = await store.list({ tasks: [task], since: clock.now() - dayMs, limit: mostCounted });
  const completed = traces.filter(({ outcome }) => outcome === 'succeeded');
  const count = (nameOf: (trace: (typeof traces)[number]) => string | undefined): Record<string, number> => {
    const counts: Record<string, number> = Object.create(null);
    for (const trace of traces) counts[nameOf(trace) ?? 'none'] = (counts[nameOf(trace) ?? 'none'] ?? 0) + 1;
    return counts;
  };
  return {
    total: traces.length,
    completed: completed.length,
    failed: traces.filter(({ outcome }) => outcome === 'failed').length,
    [timeName]: completed.length === 0 ? null : tenth(completed.reduce((sum, { totalMs }) => sum + totalMs, 0) / completed.length),
    by_node: count(({ nodeId }) => nodeId),
    by_model: count(({ servedModel, requestedModel }) => servedModel ?? requestedModel ?? undefined),
    recent: traces.slice(0, mostRecent).map((trace) => ({ request_id: trace.requestId, model: trace.servedModel ?? trace.requestedModel, node_id: trace.nodeId ?? null, status: trace.outcome === 'succeeded' ? 'completed' : trace.outcome, latency_ms: tenth(trace.totalMs), timestamp: trace.receivedAt / 1000 })),
  };
}
