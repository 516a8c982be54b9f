/** The bodies of the usage endpoints (contract proxy part 1.1), from what was counted. Pure. */
import type { BackendState } from '../core/fleet.ts';
import type { SpanUsage, UsageTotal } from '../core/usage.ts';

/** What is true now. */
export interface UsageNow {
  readonly backends: readonly BackendState[];
  /** By backend id, then by model. */
  readonly running: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly totals: readonly UsageTotal[];
}

type Json = Record<string, unknown>;
type Counts = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** In flight now, and all tokens so far, by endpoint and model; names in order. */
export function usageView({ backends, running, totals }: UsageNow): Json {
  const endpoint = endpointNames(backends);
  const inFlight = new Map<string, ReadonlyMap<string, number>>(backends.map(({ id }) => [endpoint(id), new Map()]));
  for (const [id, models] of running) inFlight.set(endpoint(id), models);
  const tokens = new Map<string, Map<string, number>>();
  for (const total of totals) {
    const models = tokens.get(endpoint(total.backend)) ?? new Map<string, number>();
    tokens.set(endpoint(total.backend), models.set(total.model, sumOf(total)));
  }
  return { token_usage_counts: inOrder(tokens), usage_counts: inOrder(inFlight) };
}

export function tokenCountsView({ backends, totals }: UsageNow): Json {
  const endpoint = endpointNames(backends);
  return {
    total_tokens: totals.reduce((sum, total) => sum + sumOf(total), 0),
    breakdown: totals.map((total) => ({ endpoint: endpoint(total.backend), model: total.model, ...tokenFields(total) })),
  };
}

/** `totals` and `series` of this model alone. */
export function statsView(model: string, { backends, totals }: UsageNow, series: readonly SpanUsage[]): Json {
  const endpoint = endpointNames(backends);
  const distribution = new Map<string, number>();
  for (const total of totals) distribution.set(endpoint(total.backend), (distribution.get(endpoint(total.backend)) ?? 0) + sumOf(total));
  const sum = (name: 'promptTokens' | 'completionTokens'): number => totals.reduce((all, total) => all + total[name], 0);
  return {
    model,
    ...tokenFields({ promptTokens: sum('promptTokens'), completionTokens: sum('completionTokens') }),
    time_series: series.map((span) => ({ endpoint: endpoint(span.backend), ...tokenFields(span), timestamp: span.at, span_seconds: span.spanSeconds })),
    endpoint_distribution: Object.fromEntries(distribution),
  };
}

/** As the last probes found them; nobody is asked. */
export function configView(backends: readonly BackendState[]): Json {
  const ofLlama = (backend: BackendState): boolean => backend.kind === 'llama-server';
  return {
    endpoints: backends.filter((backend) => !ofLlama(backend)).map(configRow),
    llama_server_endpoints: backends.filter(ofLlama).map(configRow),
    require_router_api_key: false,
  };
}

/** Servers without a version of their own say `latest`, as the old proxy did. */
function configRow({ id, url, status, report, problem }: BackendState): Json {
  if (status === 'up') return { id, url, status: 'ok', version: report?.version ?? 'latest' };
  return { id, url, status: 'error', detail: problem ?? 'It has not answered yet.' };
}

/** The backend's address; with `#id` behind it where several backends share one; the id alone for a backend that is gone. */
function endpointNames(backends: readonly BackendState[]): (id: string) => string {
  const urls = backends.map((backend) => backend.url);
  const names = new Map(backends.map(({ id, url }) => [id, urls.indexOf(url) === urls.lastIndexOf(url) ? url : `${url}#${id}`]));
  return (id) => names.get(id) ?? id;
}

function tokenFields({ promptTokens, completionTokens }: Pick<UsageTotal, 'promptTokens' | 'completionTokens'>): Json {
  return { input_tokens: promptTokens, output_tokens: completionTokens, total_tokens: promptTokens + completionTokens };
}

function sumOf({ promptTokens, completionTokens }: UsageTotal): number {
  return promptTokens + completionTokens;
}

function inOrder(counts: Counts): Json {
  return Object.fromEntries(byName(counts).map(([endpoint, models]) => [endpoint, Object.fromEntries(byName(models))]));
}

function byName<T>(named: ReadonlyMap<string, T>): [string, T][] {
  return [...named].sort(([a], [b]) => (a < b ? -1 : 1));
}
