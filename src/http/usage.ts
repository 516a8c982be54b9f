/** What was used and what is in flight, in the shapes of the old proxy (contract proxy part 1.1). */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { FleetView } from '../core/fleet.ts';
import { daySeconds, type SpanUsage, type UsageTotal } from '../core/usage.ts';
import type { UsageStore } from '../store/store.ts';
import { sameModel } from '../util/model-name.ts';
import type { OpenStreams } from './event-stream.ts';
import type { Exchange, Route } from './http.ts';
import { readJsonObject } from './json-object.ts';
import { UsageFeed } from './usage-feed.ts';
import { configView, statsView, tokenCountsView, type UsageNow, usageView } from './usage-view.ts';
import { rules } from './rules.ts';

export interface UsageSources {
  readonly clock: Clock;
  readonly streams: OpenStreams;
  readonly store: Pick<UsageStore, 'series' | 'rollUp'>;
  readonly ledger: {
    /** Rises with every change of the totals. */
    readonly version: number;
    totals(): readonly UsageTotal[];
    /** Brings the store up to date. */
    flush(): Promise<unknown>;
  };
  fleet(): FleetView;
  /** By backend id, then by model; the same object until it changes. */
  running(): ReadonlyMap<string, ReadonlyMap<string, number>>;
}

const longestSeries = 50_000;

export function usageRoutes(sources: UsageSources): Route[] {
  const now = (): UsageNow => ({ backends: sources.fleet().backends, running: sources.running(), totals: sources.ledger.totals() });
  const feed = new UsageFeed(sources.clock, sources.streams, { marks: () => [sources.ledger.version, sources.running()], view: () => usageView(now()) });
  const read = (path: string, view: () => unknown): Route => ({ method: 'GET', path, rule: rules.read, handle: (exchange) => exchange.send(200, view()) });
  return [
    read('/api/usage', () => usageView(now())),
    { method: 'GET', path: '/api/usage-stream', rule: rules.read, handle: (exchange) => feed.join(exchange) },
    read('/api/token_counts', () => tokenCountsView(now())),
    { method: 'POST', path: '/api/stats', rule: rules.read, handle: (exchange) => sendStats(exchange, sources, now) },
    { method: 'POST', path: '/api/aggregate_time_series_days', rule: rules.manage, handle: (exchange) => aggregate(exchange, sources) },
    read('/api/config', () => configView(sources.fleet().backends)),
    read('/api/cache/stats', () => ({ enabled: false })),
    { method: 'POST', path: '/api/cache/invalidate', rule: rules.manage, handle: (exchange) => exchange.send(200, { enabled: false, cleared: false }) },
  ];
}

async function sendStats(exchange: Exchange, { ledger, store }: UsageSources, now: () => UsageNow): Promise<void> {
  const model = (await readJsonObject(exchange)).model ?? exchange.query.get('model');
  if (typeof model !== 'string' || model === '') throw new RouterError('invalid_request', '`model` is missing: name it in the body or in the query.', { param: 'model' });
  const all = now();
  const totals = all.totals.filter((total) => sameModel(total.model, model));
  const listed = all.backends.some(({ report }) => report?.models.some((one) => sameModel(one.name, model)));
  if (totals.length === 0 && !listed) throw new RouterError('unknown_model', `Nothing was ever counted for model "${model}", and no backend has it.`, { param: 'model' });
  await ledger.flush();
  const series: readonly SpanUsage[] = totals.length === 0 ? [] : await store.series({ models: [...new Set(totals.map((total) => total.model))], limit: longestSeries });
  exchange.send(200, statsView(model, { ...all, totals }, series));
}

/** Rolls up whole days (UTC) that ended at least `days` days ago. */
async function aggregate(exchange: Exchange, { clock, ledger, store }: UsageSources): Promise<void> {
  const { days = 30, trim_old: trim = false } = await readJsonObject(exchange);
  if (typeof days !== 'number' || !Number.isInteger(days) || days < 1) throw new RouterError('invalid_request', '`days` is a whole number of days, 1 or more.', { param: 'days' });
  if (typeof trim !== 'boolean') throw new RouterError('invalid_request', '`trim_old` is true or false.', { param: 'trim_old' });
  await ledger.flush();
  const today = Math.floor(clock.now() / 1000 / daySeconds) * daySeconds;
  const groups = await store.rollUp(today - days * daySeconds, trim);
  exchange.send(200, { status: 'ok', days, trim_old: trim, aggregated_groups: groups });
}
