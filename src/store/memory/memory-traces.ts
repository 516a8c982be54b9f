/** The trace store's rules over arrays and Maps. */
import type { Figures } from '../../core/figures.ts';
import { type Trace, triedAt } from '../../core/trace.ts';
import type { FigureQuery, TraceFilter, TraceLimits, TracePage, TraceRows } from '../store.ts';
import type { TraceCalls } from '../store-calls.ts';
import { pageOf, placeIn, type TracePlace } from '../trace-cursor.ts';
import { addSum, endOf, figuresOf, placeAmong, rangeOf, type Sum, type SumKey, sumsOf, tagsOf } from '../trace-figures.ts';
import { unpackTraces } from '../trace-pack.ts';

interface Row extends TracePlace {
  readonly trace: Trace;
}

/** Whoever wants more of them wants them in a file. */
const mostKept = 20_000;

/** Synchronous; see `TraceStore` for what each call promises. */
export class MemoryTraces implements TraceCalls {
  /** By id and arrival, oldest first. */
  readonly #rows = new Map<string, Row>();
  readonly #sums = new Map<string, { readonly key: SumKey; readonly sum: Sum }>();
  /** How many tags a span has, by its kind and beginning. */
  readonly #tags = new Map<string, number>();
  #written = 0;

  add(packed: readonly unknown[]): void {
    const added = [...unpackTraces(packed)].filter((trace) => this.#addOne(trace));
    for (const { key, sum } of sumsOf(added)) this.#addSum(key, sum);
    for (const key of this.#rows.keys()) {
      if (this.#rows.size <= mostKept) return;
      this.#rows.delete(key);
    }
  }

  get(requestId: string, owner: Pick<TraceFilter, 'principal' | 'plane'> = {}): Trace | null {
    const found = [...this.#rows.values()].map(({ trace }) => trace).filter((trace) => trace.requestId === requestId && passes(owner, trace));
    const [newest] = found.sort((a, b) => b.receivedAt - a.receivedAt);
    return newest === undefined ? null : asWritten(newest);
  }

  list(page: TracePage): TraceRows {
    const place = page.before === undefined ? undefined : placeIn(page.before);
    if (place === null) return { traces: [], next: null };
    const found = [...this.#rows.values()].filter((row) => passes(page, row.trace) && (place === undefined || byAge(row, place) < 0));
    const { rows, next } = pageOf(found.sort((a, b) => byAge(b, a)), page.limit);
    return { traces: rows.map(({ trace }) => asWritten(trace)), next };
  }

  figures(query: FigureQuery): Figures[] {
    const { span, from, to } = rangeOf(query);
    const { cut, name, second } = query;
    const wanted = ({ key }: { readonly key: SumKey }): boolean => key.cut === cut && key.span === span && key.at >= from && key.at < to && (name === undefined || key.name === name) && (second === undefined || key.second === second);
    return figuresOf([...this.#sums.values()].filter(wanted), query);
  }

  sweep({ before, most, atOnce, hoursBefore, daysBefore }: TraceLimits): number {
    const oldest = [...this.#rows].sort(([, a], [, b]) => byAge(a, b));
    const old = oldest.filter(([, row]) => row.endedAt < before).length;
    const going = oldest.slice(0, Math.min(atOnce, Math.max(old, oldest.length - most)));
    for (const [key] of going) this.#rows.delete(key);
    for (const [place, { key }] of this.#sums) if (key.at < (key.span === 'hour' ? hoursBefore : daysBefore)) this.#forget(place, key);
    return going.length;
  }

  #addSum(key: SumKey, sum: Sum): void {
    const place = JSON.stringify(key);
    const known = this.#sums.get(place);
    if (known !== undefined) return addSum(known.sum, sum);
    const tags = this.#tags.get(spanOf(key)) ?? 0;
    const among = placeAmong(key, tags);
    if (among !== key) return this.#addSum(among, sum);
    this.#sums.set(place, { key, sum });
    if (key.cut === 'tag') this.#tags.set(spanOf(key), tags + 1);
  }

  #forget(place: string, key: SumKey): void {
    this.#sums.delete(place);
    this.#tags.delete(spanOf(key));
  }

  /** Was it new? */
  #addOne(trace: Trace): boolean {
    const key = `${trace.receivedAt} ${trace.requestId}`;
    if (this.#rows.has(key)) return false;
    this.#written += 1;
    this.#rows.set(key, { number: this.#written, endedAt: endOf(trace), trace });
    return true;
  }
}

function spanOf({ span, at }: SumKey): string {
  return `${span} ${at}`;
}

function byAge(a: TracePlace, b: TracePlace): number {
  return a.endedAt - b.endedAt || a.number - b.number;
}

function passes(filter: TraceFilter, trace: Trace): boolean {
  const tried = triedAt(trace);
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, model, tag, tasks, id } = filter;
  const ended = endOf(trace);
  const pairs = [[filter.node, tried?.nodeId], [filter.backend, tried?.backendId], [filter.principal, trace.principalId], [filter.address, trace.address], [filter.plane, trace.plane], [filter.user, trace.user], [filter.outcome, trace.outcome], [filter.status, trace.status]] as const;
  return (
    ended >= since &&
    ended < until &&
    pairs.every(([wanted, there]) => wanted === undefined || wanted === there) &&
    (model === undefined || model === tried?.model || model === trace.requestedModel) &&
    (tag === undefined || tagsOf(trace).includes(tag)) &&
    (tasks === undefined || (trace.task !== undefined && tasks.includes(trace.task))) &&
    (id === undefined || trace.requestId.includes(id) || (trace.jobId ?? '').includes(id))
  );
}

/** As a file would give it back: without the members that are not known. */
function asWritten(trace: Trace): Trace {
  return JSON.parse(JSON.stringify(trace)) as Trace;
}
