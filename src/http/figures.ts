/** The dashboard's figures over hours and days: trends, models, usage, tags, contexts (contract fleet part 1.3). */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { Cut, Figures } from '../core/figures.ts';
import type { FleetView } from '../core/fleet.ts';
import type { FigureQuery, TraceStore } from '../store/store.ts';
import { type ContextAdvice, contextRows } from './context-view.ts';
import { modelDayRow, modelSummaryRow, tagDayRow, tagRow, trendRow, usageRow } from './figure-view.ts';
import type { Exchange, Route } from './http.ts';
import { rules } from './rules.ts';
import { timeRange } from './time-range.ts';

type Json = Record<string, unknown>;

export interface FigureSource extends ContextAdvice {
  readonly clock: Clock;
  readonly store: Pick<TraceStore, 'figures'>;
  /** Brings the store up to date. */
  flush(): Promise<unknown>;
  fleet(): FleetView;
}

const dayMs = 86_400_000;
/** Over a longer time the trends are by the day: of one line, and of several. */
const mostHours = 31 * 24;
const mostHoursEach = 4 * 24;

export function figureRoutes(source: FigureSource): Route[] {
  const read = (path: string, view: (query: URLSearchParams) => Promise<Json>): Route => ({ method: 'GET', path, rule: rules.read, handle: (exchange) => send(exchange, source, view) });
  const tags = (query: URLSearchParams): Promise<Json> => tagTotals(query, source);
  const tagDays = (query: URLSearchParams): Promise<Json> => tagsByDay(query, source);
  return [
    read('/dashboard/api/trends', (query) => trends(query, source)),
    read('/dashboard/api/models', (query) => models(query, source)),
    read('/dashboard/api/overview', () => overview(source)),
    read('/dashboard/api/usage', (query) => usage(query, source)),
    read('/dashboard/api/tags', tags),
    read('/dashboard/api/apps', tags),
    read('/dashboard/api/tags/daily', tagDays),
    read('/dashboard/api/apps/daily', tagDays),
    read('/dashboard/api/context-usage', (query) => contexts(query, source)),
  ];
}

async function send(exchange: Exchange, { flush }: FigureSource, view: (query: URLSearchParams) => Promise<Json>): Promise<void> {
  await flush();
  exchange.send(200, await view(exchange.query));
}

async function trends(query: URLSearchParams, { clock, store }: FigureSource): Promise<Json> {
  const { since, until, length } = timeRange(query, 'hours', 72, clock.now());
  const { group, ...wanted } = cutIn(query);
  const split = query.get('by') ?? '';
  const fine = wanted.cut !== 'place' && length <= (split === '' ? mostHours : mostHoursEach) && clock.now() - since <= (mostHours + 1) * 3_600_000;
  const span = fine ? 'hour' : 'day';
  const rows = await store.figures({ ...wanted, span, since, ...(until === undefined ? {} : { until }) });
  return { hours: length, bucket_s: span === 'hour' ? 3600 : 86_400, data: rows.map((row) => trendRow(row, group(row))) };
}

const dimensions = ['model', 'node', 'tag', 'key'] as const;
type Dimension = (typeof dimensions)[number];

/** One dimension, or a model and a node; each as a filter or as what the rows are split by. Throws `invalid_request`. */
function cutIn(query: URLSearchParams): Pick<FigureQuery, 'cut' | 'name' | 'second'> & { readonly group: (row: Figures) => string | null } {
  const by = query.get('by') ?? '';
  if (by !== '' && !dimensions.includes(by as Dimension)) throw new RouterError('invalid_request', `by is one of ${dimensions.join(', ')}.`, { param: 'by' });
  const filters = new Map(dimensions.flatMap((name) => (query.get(name) ? [[name, query.get(name) ?? ''] as const] : [])));
  const used = dimensions.filter((name) => name === by || filters.has(name));
  const [first] = used;
  if (first === undefined) return { cut: 'all', group: () => null };
  if (used.length === 1) return { cut: first, ...only('name', filters.get(first)), group: (row) => (by === '' ? null : row.name) };
  if (used.length > 2 || !used.every((name) => name === 'model' || name === 'node')) throw new RouterError('invalid_request', 'Figures are kept by model, node, tag or key, and by model and node together: name no more than that.', { param: by === '' ? used.at(-1) : 'by' });
  return { cut: 'place', ...only('name', filters.get('model')), ...only('second', filters.get('node')), group: (row) => (by === '' ? null : by === 'model' ? row.name : row.second) };
}

function only<Name extends string>(name: Name, value: string | undefined): { readonly [Key in Name]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [Key in Name]?: string });
}

async function models(query: URLSearchParams, { clock, store }: FigureSource): Promise<Json> {
  const { length, ...range } = timeRange(query, 'days', 7, clock.now());
  const [daily, summary] = await Promise.all([store.figures({ cut: 'model', span: 'day', ...range }), store.figures({ cut: 'model', span: 'all' })]);
  const named = ({ name }: Figures): boolean => name !== '';
  return { days: length, daily: daily.filter(named).map(modelDayRow), summary: summary.filter(named).map(modelSummaryRow) };
}

async function overview({ store }: FigureSource): Promise<Json> {
  const [all, byModel] = await Promise.all([store.figures({ cut: 'all', span: 'all' }), store.figures({ cut: 'model', span: 'all' })]);
  const prompt = all[0]?.promptTokens.sum ?? 0;
  const completion = all[0]?.completionTokens.sum ?? 0;
  return { total_requests: all[0]?.requests ?? 0, total_prompt_tokens: prompt, total_completion_tokens: completion, total_tokens: prompt + completion, models_count: byModel.filter(({ name }) => name !== '').length };
}

async function usage(query: URLSearchParams, { clock, store }: FigureSource): Promise<Json> {
  const { length, ...range } = timeRange(query, 'days', 7, clock.now());
  return { days: length, data: (await store.figures({ cut: 'place', span: 'day', ...range })).map(usageRow) };
}

async function tagTotals(query: URLSearchParams, { clock, store }: FigureSource): Promise<Json> {
  const { length, ...range } = timeRange(query, 'days', 7, clock.now());
  const rows = whose(query);
  const [found, all] = await Promise.all([store.figures({ cut: rows.cut, span: 'all', ...range }), store.figures({ cut: 'all', span: 'all', ...range })]);
  const mostFirst = [...rows.named(found)].sort((a, b) => b.requests - a.requests);
  const { requests = 0, promptTokens, completionTokens } = all[0] ?? {};
  return { days: length, data: mostFirst.map(tagRow), summary: { unique_tags: mostFirst.length, total_requests: requests, total_tokens: (promptTokens?.sum ?? 0) + (completionTokens?.sum ?? 0), top_tag: mostFirst[0]?.name ?? null } };
}

async function tagsByDay(query: URLSearchParams, { clock, store }: FigureSource): Promise<Json> {
  const { length, ...range } = timeRange(query, 'days', 7, clock.now());
  const rows = whose(query);
  return { days: length, data: rows.named(await store.figures({ cut: rows.cut, span: 'day', ...range })).map(tagDayRow) };
}

/** Tags, or with `by` the users or keys. Throws `invalid_request`. */
function whose(query: URLSearchParams): { readonly cut: Cut; named(rows: readonly Figures[]): readonly Figures[] } {
  const by = query.get('by') ?? 'tag';
  const user = 'user:';
  switch (by) {
    case 'tag': return { cut: 'tag', named: (rows) => rows };
    case 'key': return { cut: 'key', named: (rows) => rows };
    case 'user': return { cut: 'tag', named: (rows) => rows.filter(({ name }) => name.startsWith(user)).map((row) => ({ ...row, name: row.name.slice(user.length) })) };
    default: throw new RouterError('invalid_request', 'by is tag, user or key.', { param: 'by' });
  }
}

async function contexts(query: URLSearchParams, { clock, store, fleet, ...advice }: FigureSource): Promise<Json> {
  const { length, since, ...range } = timeRange(query, 'days', 7, clock.now());
  const [rows, lastDay] = await Promise.all([store.figures({ cut: 'model', span: 'all', since, ...range }), store.figures({ cut: 'model', span: 'hour', since: clock.now() - dayMs })]);
  return { days: length, models: contextRows(rows, lastDay, fleet(), advice) };
}
