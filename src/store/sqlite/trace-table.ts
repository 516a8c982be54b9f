/** The trace store's calls as SQL, each inside a transaction of the caller. */
import type { Figures } from '../../core/figures.ts';
import { type Trace, triedAt } from '../../core/trace.ts';
import type { FigureQuery, TraceFilter, TraceLimits, TracePage, TraceRows } from '../store.ts';
import type { TraceCalls } from '../store-calls.ts';
import { pageOf, placeIn } from '../trace-cursor.ts';
import { addSum, endOf, figuresOf, mostTags, placeAmong, rangeOf, readSum, type Sum, type SumKey, sumsOf, tagsOf, writeSum } from '../trace-figures.ts';
import { unpackTraces } from '../trace-pack.ts';
import { readTrace, writeTrace } from '../trace-text.ts';
import type { Database, SqlRow, SqlValue } from './database.ts';
import { Statements } from './statements.ts';
import { traceConditions } from './trace-conditions.ts';

const columns = 'request_id, received_at, ended_at, job_id, principal_id, address, plane, user, task, requested_model, model, backend, node, outcome, status';

/** Every call throws SQLite's own error. */
export class TraceTable implements TraceCalls {
  readonly #statements: Statements;
  /** Spans that have as many tags as are told apart, so that they are not counted again for each. */
  readonly #full = new Set<string>();

  constructor(database: Database) {
    this.#statements = new Statements(database);
  }

  add(packed: readonly unknown[]): void {
    for (const { key, sum } of sumsOf(this.#addEach(packed))) this.#addSum(key, sum);
  }

  get(requestId: string, owner: Pick<TraceFilter, 'principal' | 'plane'> = {}): Trace | null {
    const { where, values } = traceConditions(owner);
    const row = this.#statements.get(`SELECT body FROM traces JOIN trace_bodies ON trace = number WHERE request_id = ? AND ${where} ORDER BY received_at DESC LIMIT 1`, requestId, ...values);
    return row === undefined ? null : traceIn(row);
  }

  list(page: TracePage): TraceRows {
    const { where, values } = traceConditions(page);
    const place = page.before === undefined ? undefined : placeIn(page.before);
    if (place === null) return { traces: [], next: null };
    const after = place === undefined ? '' : 'AND ended_at <= ? AND (ended_at, number) < (?, ?)';
    const from: SqlValue[] = place === undefined ? [] : [place.endedAt, place.endedAt, place.number];
    const found = this.#statements.all(`SELECT number, ended_at FROM traces WHERE ${where} ${after} ORDER BY ended_at DESC, number DESC LIMIT ?`, ...values, ...from, page.limit + 1);
    const { rows, next } = pageOf(found.map((row) => ({ number: Number(row['number']), endedAt: Number(row['ended_at']) })), page.limit);
    return { traces: rows.map(({ number }) => this.#statements.get('SELECT body FROM trace_bodies WHERE trace = ?', number)).filter((row) => row !== undefined).map(traceIn), next };
  }

  figures(query: FigureQuery): Figures[] {
    const { span, from, to } = rangeOf(query);
    const only = [['name', query.name], ['second', query.second]].filter((one): one is [string, string] => one[1] !== undefined);
    const rows = this.#statements.all(
      `SELECT at, name, second, sum FROM trace_figures WHERE cut = ? AND span = ? AND at >= ? AND at < ? ${only.map(([column]) => `AND ${column} = ?`).join(' ')}`,
      query.cut, span, from, to, ...only.map(([, value]) => value),
    );
    return figuresOf(rows.map((row) => ({ key: { cut: query.cut, span, at: Number(row['at']), name: String(row['name']), second: String(row['second']) }, sum: sumIn(row) })), query);
  }

  sweep({ before, most, atOnce, hoursBefore, daysBefore }: TraceLimits): number {
    const count = Number(this.#statements.get('SELECT count(*) AS count FROM traces')?.['count'] ?? 0);
    const old = this.#numbers('SELECT number FROM traces WHERE ended_at < ? ORDER BY ended_at, number LIMIT ?', before, atOnce);
    const over = Math.min(atOnce, count - most);
    const going = over > old.length ? this.#numbers('SELECT number FROM traces ORDER BY ended_at, number LIMIT ?', over) : old;
    const list = JSON.stringify(going);
    if (going.length > 0) for (const [table, column] of [['trace_tags', 'trace'], ['trace_bodies', 'trace'], ['traces', 'number']]) this.#statements.run(`DELETE FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?))`, list);
    for (const [span, moment] of [['hour', hoursBefore], ['day', daysBefore]] as const) this.#statements.run('DELETE FROM trace_figures WHERE span = ? AND at < ?', span, moment);
    this.#full.clear();
    return going.length;
  }

  /** Those that are new. */
  *#addEach(packed: readonly unknown[]): Generator<Trace> {
    for (const trace of unpackTraces(packed)) if (this.#addOne(trace)) yield trace;
  }

  /** Was it new? */
  #addOne(trace: Trace): boolean {
    const tried = triedAt(trace);
    const added = this.#statements.run(
      `INSERT INTO traces (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      trace.requestId, trace.receivedAt, endOf(trace), trace.jobId ?? null, trace.principalId, trace.address ?? null, trace.plane, trace.user ?? null, trace.task ?? null,
      trace.requestedModel, tried?.model ?? null, tried?.backendId ?? null, tried?.nodeId ?? null, trace.outcome, trace.status,
    );
    if (added === 0) return false;
    this.#statements.run('INSERT INTO trace_bodies (trace, body) VALUES (last_insert_rowid(), ?)', writeTrace(trace));
    for (const tag of tagsOf(trace)) this.#statements.run('INSERT INTO trace_tags (tag, trace) SELECT ?, number FROM traces WHERE request_id = ? AND received_at = ?', tag, trace.requestId, trace.receivedAt);
    return true;
  }

  #addSum({ cut, span, at, name, second }: SumKey, sum: Sum): void {
    const place = [cut, span, at, name, second] as const;
    const before = this.#statements.get('SELECT sum FROM trace_figures WHERE cut = ? AND span = ? AND at = ? AND name = ? AND second = ?', ...place);
    const among = before === undefined && cut === 'tag' ? placeAmong({ cut, span, at, name, second }, this.#tagsOf(span, at)) : null;
    if (among !== null && among.name !== name) return this.#addSum(among, sum);
    const all = before === undefined ? sum : sumIn(before);
    if (before !== undefined) addSum(all, sum);
    this.#statements.run('INSERT INTO trace_figures (cut, span, at, name, second, sum) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET sum = excluded.sum', ...place, writeSum(all));
  }

  #tagsOf(span: SumKey['span'], at: number): number {
    const place = `${span} ${at}`;
    if (this.#full.has(place)) return mostTags;
    const count = Number(this.#statements.get("SELECT count(*) AS count FROM trace_figures WHERE cut = 'tag' AND span = ? AND at = ?", span, at)?.['count'] ?? 0);
    if (count >= mostTags) this.#full.add(place);
    return count;
  }

  #numbers(sql: string, ...values: SqlValue[]): number[] {
    return this.#statements.all(sql, ...values).map((row) => Number(row['number']));
  }
}

function traceIn(row: SqlRow): Trace {
  return readTrace(String(row['body']));
}

function sumIn(row: SqlRow): Sum {
  return readSum(String(row['sum']));
}
