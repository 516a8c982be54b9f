/** A trace as the text that is kept of it: a router keeps up to a million, so members have short names there. */
import type { Attempt, Trace } from '../core/trace.ts';
import type { Usage } from '../core/stream.ts';
import type { Term } from '../core/placement.ts';

/** What each member is called in a text. Texts outlive versions of the router: a name that was given stays, and is given to nothing else. */
export const traceNames = {
  requestId: 'r', jobId: 'j', principalId: 'p', address: 'ad', plane: 'pl', dialect: 'd', task: 't', stream: 's', taskType: 'tt', requestedModel: 'rm', servedModel: 'sm', backendId: 'b', nodeId: 'n', score: 'sc', instead: 'in',
  decisionReason: 'dr', traceparent: 'tp', user: 'u', tags: 'tg', receivedAt: 'at', queueMs: 'q', firstPartMs: 'f', totalMs: 'ms', usage: 'us', usageEstimated: 'ue', attempts: 'a', rewrites: 'rw', outcome: 'o', status: 'st', error: 'e',
} as const satisfies Record<keyof Trace, string>;
export const usageNames = { promptTokens: 'p', completionTokens: 'c', cachedTokens: 'h', reasoningTokens: 'r', loadMs: 'l', promptMs: 'pm', completionMs: 'cm', totalMs: 'ms' } as const satisfies Record<keyof Usage, string>;
export const attemptNames = { backendId: 'b', nodeId: 'n', model: 'm', startedAt: 'at', firstPartMs: 'f', endedMs: 'ms', error: 'e', message: 'me', reaped: 're', why: 'w', considered: 'c' } as const satisfies Record<keyof Attempt, string>;

type Text<Names extends Readonly<Record<string, string>>> = { readonly [Name in keyof Names as Names[Name]]: unknown };

/** Field by field: this runs for every request. Members that are not known are left out. */
export function writeTrace(trace: Trace): string {
  const { usage } = trace;
  const text: Text<typeof traceNames> = {
    r: trace.requestId, j: trace.jobId, p: trace.principalId, ad: trace.address, pl: trace.plane, d: trace.dialect, t: trace.task, s: trace.stream, tt: trace.taskType, rm: trace.requestedModel, sm: trace.servedModel, b: trace.backendId, n: trace.nodeId, sc: trace.score, in: trace.instead,
    dr: trace.decisionReason, tp: trace.traceparent, u: trace.user, tg: trace.tags, at: trace.receivedAt, q: trace.queueMs, f: trace.firstPartMs, ms: trace.totalMs, ue: trace.usageEstimated, rw: trace.rewrites, o: trace.outcome, st: trace.status, e: trace.error,
    us: { p: usage.promptTokens, c: usage.completionTokens, h: usage.cachedTokens, r: usage.reasoningTokens, l: usage.loadMs, pm: usage.promptMs, cm: usage.completionMs, ms: usage.totalMs } satisfies Text<typeof usageNames>,
    a: trace.attempts.map(attemptText),
  };
  return JSON.stringify(text);
}

function attemptText(attempt: Attempt): Text<typeof attemptNames> {
  return {
    b: attempt.backendId, n: attempt.nodeId, m: attempt.model, at: attempt.startedAt, f: attempt.firstPartMs, ms: attempt.endedMs, e: attempt.error, me: attempt.message, re: attempt.reaped, c: attempt.considered,
    w: attempt.why.map(({ signal, value, unit }) => [signal, value, unit]),
  };
}

type Members = Readonly<Record<string, unknown>>;

/** What `writeTrace` wrote; or an earlier version, with the members' own names. */
export function readTrace(text: string): Trace {
  // Only these two write the column that is read.
  const kept = JSON.parse(text) as Members;
  if ('requestId' in kept) return kept as unknown as Trace;
  const trace = named(kept, traceNames);
  const attempts = (trace['attempts'] as readonly Members[]).map((one) => attemptIn(named(one, attemptNames)));
  return { ...trace, usage: named(trace['usage'] as Members, usageNames), attempts } as unknown as Trace;
}

function attemptIn(attempt: Members): Members {
  return { ...attempt, why: (attempt['why'] as readonly (readonly [string, number, string])[]).map(([signal, value, unit]) => ({ signal, value, unit }) as Term) };
}

/** Under their own names, in their own order; names of a later version are passed over. */
function named(kept: Members, names: Readonly<Record<string, string>>): Members {
  const members: Record<string, unknown> = {};
  for (const [name, short] of Object.entries(names)) if (short in kept) members[name] = kept[short];
  return members;
}
