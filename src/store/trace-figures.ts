/** Counts traces into figures by hour and day, the same way for every driver. */
import type { Cut, Figures } from '../core/figures.ts';
import { type Trace, triedAt } from '../core/trace.ts';
import { type Gathered, gather, gatherAll, gatherNothing, readGathered, spreadOf, writeGathered } from './spread.ts';
import type { FigureQuery } from './store.ts';

const hourMs = 3_600_000;
export const spanMs = { hour: hourMs, day: 24 * hourMs } as const;

const countNames = ['requests', 'completed', 'failed', 'cancelled', 'interrupted', 'retries', 'fallbacks', 'coldLoads', 'cachedTokens'] as const;
/** They came later: in the texts they stand behind the rest, and older texts are without. */
const laterNames = ['generatingMs', 'generatedTokens'] as const;
const spreadNames = ['latencyMs', 'firstPartMs', 'promptTokens', 'completionTokens', 'totalTokens'] as const;
const tokenSpreads: ReadonlySet<string> = new Set(['promptTokens', 'completionTokens', 'totalTokens']);
type CountName = (typeof countNames | typeof laterNames)[number];
type SpreadName = (typeof spreadNames)[number];

/** The figures of one span and name, as they are kept. */
export interface Sum {
  readonly counts: Record<CountName, number>;
  readonly spreads: Record<SpreadName, Gathered>;
  firstAt: number;
  lastAt: number;
}

/** Where a sum stands. */
export interface SumKey {
  readonly cut: Cut;
  readonly span: keyof typeof spanMs;
  /** Epoch milliseconds at which the span begins. */
  readonly at: number;
  readonly name: string;
  readonly second: string;
}

/** No request has more; what says so is broken, and must not spoil the sum. */
const mostTokens = 1e9;
/** A load that takes less only looked at what was there. */
const coldMs = 1_000;
/** A name longer than this is cut. */
const longestName = 200;

/** Tags are their callers' to make up: of an hour, or a day, so many are told apart, and all others count together. */
export const mostTags = 1_000;
const otherTags = '*other';

/** Where a sum belongs that has no row yet, when its span has so many names. */
export function placeAmong(key: SumKey, names: number): SumKey {
  return key.cut === 'tag' && key.name !== otherTags && names >= mostTags ? { ...key, name: otherTags } : key;
}

/** The moment a trace ended, by which it is counted and found. */
export function endOf({ receivedAt, totalMs }: Trace): number {
  return receivedAt + totalMs;
}

/** Each once. */
export function tagsOf({ tags }: Trace): readonly string[] {
  return tags === undefined || tags.length === 0 ? noTags : [...new Set(tags)];
}

const noTags: readonly string[] = [];

export function emptySum(): Sum {
  const counts = Object.fromEntries([...countNames, ...laterNames].map((name) => [name, 0])) as Record<CountName, number>;
  const spreads = Object.fromEntries(spreadNames.map((name) => [name, gatherNothing()])) as Record<SpreadName, Gathered>;
  return { counts, spreads, firstAt: 0, lastAt: 0 };
}

export function addSum(into: Sum, more: Sum, tokenSteps = true): void {
  const first = into.counts.requests === 0;
  for (const name of countNames) into.counts[name] += more.counts[name];
  for (const name of laterNames) into.counts[name] += more.counts[name];
  for (const name of spreadNames) gatherAll(into.spreads[name], more.spreads[name], tokenSteps || !tokenSpreads.has(name));
  into.firstAt = first ? more.firstAt : Math.min(into.firstAt, more.firstAt);
  into.lastAt = Math.max(into.lastAt, more.lastAt);
}

/** Everything that these traces add, each place once. What was accepted counts when its job ends. */
export function sumsOf(traces: Iterable<Trace>): { readonly key: SumKey; readonly sum: Sum }[] {
  const sums = new Map<string, { readonly key: SumKey; readonly sum: Sum }>();
  for (const { of, sum } of alike(traces)) {
    for (const key of keysOf(of)) {
      const place = `${key.cut} ${key.span} ${key.at} ${key.second.length} ${key.second}${key.name}`;
      const known = sums.get(place) ?? { key, sum: emptySum() };
      sums.set(place, known);
      addSum(known.sum, sum, keepsTokenSteps(key.cut));
    }
  }
  return [...sums.values()];
}

/** Those that count in the same places are counted once for all of these: of many at a time most are like others. */
function alike(traces: Iterable<Trace>): Iterable<{ readonly of: Trace; readonly sum: Sum }> {
  const groups = new Map<string, { readonly of: Trace; readonly sum: Sum }>();
  for (const trace of traces) {
    if (trace.outcome === 'accepted') continue;
    const tried = triedAt(trace);
    const tags = tagsOf(trace);
    const place = `${startOf(endOf(trace), 'hour')}\n${tried?.model ?? ''}\n${tried?.nodeId ?? ''}\n${trace.principalId}${tags.length === 0 ? '' : `\n${JSON.stringify(tags)}`}`;
    let group = groups.get(place);
    if (group === undefined) {
      group = { of: trace, sum: emptySum() };
      groups.set(place, group);
    }
    count(group.sum, trace);
  }
  return groups.values();
}

function keysOf(trace: Trace): SumKey[] {
  const ended = endOf(trace);
  const tried = triedAt(trace);
  const model = (tried?.model ?? '').slice(0, longestName);
  const node = tried?.nodeId ?? '';
  const names: readonly (readonly [Cut, string, string])[] = [
    ['all', '', ''],
    ['model', model, ''],
    ['node', node, ''],
    ['place', model, node],
    ['key', trace.principalId, ''],
    ...tagsOf(trace).map((tag) => ['tag', tag, ''] as const),
  ];
  return names.flatMap(([cut, name, second]) => spansOf(cut).map((span) => ({ cut, span, at: startOf(ended, span), name, second })));
}

/** Places are many, and are looked at by the day. */
function spansOf(cut: Cut): readonly (keyof typeof spanMs)[] {
  return cut === 'place' ? ['day'] : ['hour', 'day'];
}

/** Percentiles of tokens tell which context a model needs; nobody asks for them elsewhere. */
function keepsTokenSteps(cut: Cut): boolean {
  return cut === 'all' || cut === 'model';
}

function startOf(at: number, span: keyof typeof spanMs): number {
  return Math.floor(at / spanMs[span]) * spanMs[span];
}

function count(sum: Sum, trace: Trace): void {
  const { counts, spreads } = sum;
  const { usage, outcome, receivedAt } = trace;
  sum.firstAt = counts.requests === 0 ? receivedAt : Math.min(sum.firstAt, receivedAt);
  sum.lastAt = Math.max(sum.lastAt, receivedAt);
  counts.requests += 1;
  counts[outcomeNames[outcome]] += 1;
  counts.retries += Math.max(0, trace.attempts.length - 1);
  counts.fallbacks += trace.instead === undefined ? 0 : 1;
  counts.coldLoads += (usage.loadMs ?? 0) >= coldMs ? 1 : 0;
  const prompt = tokens(usage.promptTokens);
  const completion = tokens(usage.completionTokens);
  counts.cachedTokens += tokens(usage.cachedTokens) ?? 0;
  const generatingMs = generatingMsOf(trace);
  if (completion !== undefined && generatingMs > 0) {
    counts.generatingMs += generatingMs;
    counts.generatedTokens += completion;
  }
  gather(spreads.latencyMs, outcome === 'succeeded' ? trace.totalMs : undefined, true);
  gather(spreads.firstPartMs, trace.firstPartMs, true);
  gather(spreads.promptTokens, prompt, true);
  gather(spreads.completionTokens, completion, false);
  gather(spreads.totalTokens, prompt === undefined && completion === undefined ? undefined : (prompt ?? 0) + (completion ?? 0), true);
}

/** How long a complete answer took to write: by its backend, or between the first part and the last of a stream; 0 when neither tells. */
function generatingMsOf({ outcome, usage, stream, firstPartMs, totalMs }: Trace): number {
  if (outcome !== 'succeeded') return 0;
  return usage.completionMs ?? (stream && firstPartMs !== undefined ? totalMs - firstPartMs : 0);
}

const outcomeNames = { succeeded: 'completed', failed: 'failed', cancelled: 'cancelled', interrupted: 'interrupted', accepted: 'completed' } as const;

function tokens(told: number | undefined): number | undefined {
  return told === undefined || !(told >= 0) ? undefined : Math.min(mostTokens, Math.round(told));
}

/** A sum as a text, and back. */
export function writeSum({ counts, spreads, firstAt, lastAt }: Sum): string {
  const values = [firstAt, lastAt, ...countNames.map((name) => counts[name])];
  for (const name of spreadNames) writeGathered(spreads[name], values);
  values.push(...laterNames.map((name) => counts[name]));
  return JSON.stringify(values);
}

export function readSum(text: string): Sum {
  // Only `writeSum` writes these texts.
  const values = JSON.parse(text) as number[];
  const sum = emptySum();
  [sum.firstAt = 0, sum.lastAt = 0] = values;
  for (const [index, name] of countNames.entries()) sum.counts[name] = values[2 + index] ?? 0;
  let at = 2 + countNames.length;
  for (const name of spreadNames) {
    const { gathered, next } = readGathered(values, at);
    sum.spreads[name] = gathered;
    at = next;
  }
  for (const [index, name] of laterNames.entries()) sum.counts[name] = values[at + index] ?? 0;
  return sum;
}

/** The rows of a query, from every sum that lies in its time. */
export function figuresOf(found: Iterable<{ readonly key: SumKey; readonly sum: Sum }>, { span }: FigureQuery): Figures[] {
  const rows = span === 'all' || span === 'hours' ? together(found) : [...found];
  return rows.sort((a, b) => a.key.at - b.key.at || compare(a.key.name, b.key.name) || compare(a.key.second, b.key.second)).map(rowOf);
}

function together(found: Iterable<{ readonly key: SumKey; readonly sum: Sum }>): { readonly key: SumKey; readonly sum: Sum }[] {
  const rows = new Map<string, { readonly key: SumKey; readonly sum: Sum }>();
  for (const { key, sum } of found) {
    const place = `${key.second.length} ${key.second}${key.name}`;
    const known = rows.get(place) ?? { key: { ...key, at: 0 }, sum: emptySum() };
    rows.set(place, known);
    addSum(known.sum, sum);
  }
  return [...rows.values()];
}

/** Which sums a query needs: of hours or days, that begin from the one on and before the other. */
export function rangeOf({ span, since, until }: FigureQuery): { readonly span: keyof typeof spanMs; readonly from: number; readonly to: number } {
  const stored = span === 'hour' || span === 'hours' ? 'hour' : 'day';
  return { span: stored, from: since === undefined ? Number.MIN_SAFE_INTEGER : startOf(since, stored), to: until ?? Number.MAX_SAFE_INTEGER };
}

function rowOf({ key, sum }: { readonly key: SumKey; readonly sum: Sum }): Figures {
  const { counts, spreads, firstAt, lastAt } = sum;
  const spreadRows = Object.fromEntries(spreadNames.map((name) => [name, spreadOf(spreads[name])])) as Record<SpreadName, Figures[SpreadName]>;
  return { at: key.at, name: key.name, second: key.second, ...counts, ...spreadRows, firstAt, lastAt };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
