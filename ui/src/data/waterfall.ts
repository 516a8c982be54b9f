/** What became of a request's time: waited, tried elsewhere, loaded, read the prompt, answered. Pure. */
import type { TraceRow } from './shapes.ts';

export interface Stretch {
  readonly what: 'waited' | 'tried' | 'load' | 'prompt' | 'answer' | 'between';
  /** Since the request came. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The server, for what happened on one. */
  readonly where?: string;
  readonly note?: string;
}

/** In the order of time, without gaps; what took no time is left out. */
export function stretchesOf(trace: TraceRow): readonly Stretch[] {
  const total = trace.latency_ms ?? 0;
  const waited = Math.min(trace.queue_ms ?? 0, total);
  const attempts = trace.attempts ?? [];
  const stretches: Stretch[] = [{ what: 'waited', fromMs: 0, toMs: waited }];
  let at = waited;
  for (const [index, attempt] of attempts.entries()) {
    const from = Math.max(at, Math.min(total, (attempt.started_at - trace.timestamp) * 1000));
    const to = Math.min(total, from + (attempt.ended_ms ?? total - from));
    // Between two tries it may have waited for a place again.
    if (from > at) stretches.push({ what: index === 0 ? 'waited' : 'between', fromMs: at, toMs: from });
    stretches.push(...(attempt.error_code && index < attempts.length - 1 ? [{ what: 'tried', fromMs: from, toMs: to, where: attempt.backend, note: attempt.error_message ?? attempt.error_code } as const] : served(trace, attempt, from, to)));
    at = Math.max(at, to);
  }
  if (attempts.length === 0) stretches.push({ what: 'between', fromMs: at, toMs: total });
  return joined(stretches.filter(({ fromMs, toMs }) => toMs - fromMs > 0.5));
}

/** Before the first part the model is loaded, if it was not there, and then reads the prompt. */
function served(trace: TraceRow, attempt: NonNullable<TraceRow['attempts']>[number], from: number, to: number): readonly Stretch[] {
  const where = attempt.backend;
  const note = attempt.error_message ?? attempt.error_code ?? undefined;
  const ending = note === undefined ? {} : { note };
  const first = attempt.first_part_ms;
  if (first === null || first === undefined) return [{ what: 'prompt', fromMs: from, toMs: to, where, ...ending }];
  const firstAt = Math.min(to, from + first);
  const loadedAt = Math.min(firstAt, from + (trace.load_ms ?? 0));
  return [
    { what: 'load', fromMs: from, toMs: loadedAt, where },
    { what: 'prompt', fromMs: loadedAt, toMs: firstAt, where },
    { what: 'answer', fromMs: firstAt, toMs: to, where, ...ending },
  ];
}

/** Waiting that goes on is one stretch. */
function joined(stretches: readonly Stretch[]): readonly Stretch[] {
  const out: Stretch[] = [];
  for (const stretch of stretches) {
    const before = out.at(-1);
    if (before?.what === 'waited' && stretch.what === 'waited') out[out.length - 1] = { ...before, toMs: stretch.toMs };
    else out.push(stretch);
  }
  return out;
}

export interface WhyRow {
  readonly backend: string;
  readonly node: string | null;
  readonly model: string;
  readonly won: boolean;
  readonly total: number | null;
  readonly veto: string | null;
  /** By signal. */
  readonly terms: Readonly<Record<string, number>>;
}

export interface Why {
  readonly unit: 'points' | 'ms';
  /** The columns, in the order in which they appear. */
  readonly signals: readonly string[];
  readonly rows: readonly WhyRow[];
}

/** The candidates of one try, the winner first, then by rank, then those out of the question. Of older traces only the winner is known. */
export function whyOf(attempt: NonNullable<TraceRow['attempts']>[number]): Why {
  const alone = { backend: attempt.backend, node_id: attempt.node_id ?? null, model: attempt.model ?? '', terms: attempt.terms ?? [], total: null, veto: null };
  const considered = (attempt.considered ?? []).length > 0 ? (attempt.considered ?? []) : [alone];
  const terms = considered.flatMap((one) => one.terms ?? []);
  const unit = terms.some((term) => term.unit === 'ms') ? 'ms' : 'points';
  const rows = considered.map((one): WhyRow => {
    const sums: Record<string, number> = {};
    for (const { signal, value } of one.terms ?? []) sums[signal] = (sums[signal] ?? 0) + value;
    const total = one.total ?? (one.veto ? null : Object.values(sums).reduce((all, value) => all + value, 0));
    return { backend: one.backend, node: one.node_id ?? null, model: one.model ?? '', won: one.backend === attempt.backend && (one.model ?? attempt.model) === attempt.model, total, veto: one.veto ?? null, terms: sums };
  });
  const rank = (row: WhyRow): number => (row.won ? -Infinity : row.veto !== null || row.total === null ? Infinity : unit === 'ms' ? row.total : -row.total);
  return { unit, signals: [...new Set(terms.map((term) => term.signal))], rows: rows.sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b))) };
}
