/** Which traces a request asks for: `?model=…&node=…&status=failed&hours=24&limit=50&before=…`. */
import { RouterError } from '../core/errors.ts';
import type { Trace } from '../core/trace.ts';
import type { TraceFilter } from '../store/store.ts';
import { timeRange } from './time-range.ts';

/** By the words of the old system, and ours. */
const outcomes: Readonly<Record<string, Trace['outcome']>> = {
  completed: 'succeeded', client_disconnected: 'cancelled', incomplete: 'interrupted', succeeded: 'succeeded', failed: 'failed', cancelled: 'cancelled', interrupted: 'interrupted', accepted: 'accepted',
};
const planes = { standalone: 'standalone', runtimeAgent: 'runtimeAgent' } as const;
const usualPage = 50;
/** What `limit=-1` comes to, too. */
export const largestPage = 1_000;
const longestValue = 500;

/** Throws `invalid_request`. */
export function traceFilter(query: URLSearchParams, now: number): TraceFilter {
  const timed = ['hours', 'days', 'start_ts', 'end_ts'].some((name) => query.has(name));
  const { since, until } = timed ? timeRange(query, query.has('days') ? 'days' : 'hours', 72, now) : {};
  return {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...text(query, 'model', 'model'),
    ...text(query, 'node', 'node'),
    ...text(query, 'node_id', 'node'),
    ...text(query, 'backend', 'backend'),
    ...text(query, 'key', 'principal'),
    ...text(query, 'user', 'user'),
    ...text(query, 'tag', 'tag'),
    ...text(query, 'q', 'id'),
    ...planeIn(query),
    ...statusIn(query),
  };
}

/** Throws `invalid_request`. */
export function tracePage(query: URLSearchParams): { limit: number; before?: string } {
  const text = query.get('limit');
  const before = query.get('before');
  const limit = text === null ? usualPage : text === '-1' ? largestPage : /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1) throw new RouterError('invalid_request', `limit is a whole number from 1 to ${largestPage}, or -1 for as many as there may be, not ${text?.slice(0, 40)}.`, { param: 'limit' });
  return { limit: Math.min(limit, largestPage), ...(before === null ? {} : { before }) };
}

function text<Name extends keyof TraceFilter>(query: URLSearchParams, param: string, name: Name): { readonly [Key in Name]?: string } {
  const value = query.get(param);
  if (value === null || value === '') return {};
  if (value.length > longestValue) throw new RouterError('invalid_request', `${param} is longer than ${longestValue} characters.`, { param });
  return { [name]: value } as { readonly [Key in Name]?: string };
}

function planeIn(query: URLSearchParams): Pick<TraceFilter, 'plane'> {
  const value = query.get('plane');
  if (value === null || value === '') return {};
  if (Object.hasOwn(planes, value)) return { plane: planes[value as keyof typeof planes] };
  throw new RouterError('invalid_request', `plane is ${Object.keys(planes).join(' or ')}.`, { param: 'plane' });
}

/** A word for the outcome, or the status of the answer. */
function statusIn(query: URLSearchParams): Pick<TraceFilter, 'outcome' | 'status'> {
  const value = query.get('status');
  if (value === null || value === '') return {};
  if (/^\d{3}$/.test(value)) return { status: Number(value) };
  const outcome = Object.hasOwn(outcomes, value) ? outcomes[value] : undefined;
  if (outcome === undefined) throw new RouterError('invalid_request', `status is one of ${Object.keys(outcomes).join(', ')}, or a number such as 503.`, { param: 'status' });
  return { outcome };
}
