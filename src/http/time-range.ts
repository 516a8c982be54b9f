/** Which time a request asks about: `?hours=72`, `?days=7`, or `?start_ts=…&end_ts=…` in seconds since 1970. */
import { RouterError } from '../core/errors.ts';

/** Epoch milliseconds. */
export interface TimeRange {
  readonly since: number;
  readonly until?: number;
  /** How long it is, in hours or days as the parameter counts. */
  readonly length: number;
}

const unitMs = { hours: 3_600_000, days: 86_400_000 } as const;
/** Nothing is kept longer. */
const mostDays = 400;

/** `usual` holds when the request says nothing. Throws `invalid_request`. */
export function timeRange(query: URLSearchParams, unit: keyof typeof unitMs, usual: number, now: number): TimeRange {
  const since = secondsIn(query, 'start_ts');
  const until = secondsIn(query, 'end_ts');
  if (since === null && until !== null) throw new RouterError('invalid_request', 'end_ts needs a start_ts.', { param: 'end_ts' });
  if (since !== null) {
    const end = until ?? now;
    if (end <= since) throw new RouterError('invalid_request', 'end_ts must be after start_ts.', { param: 'end_ts' });
    return { since, ...(until === null ? {} : { until }), length: Math.max(1, Math.ceil((end - since) / unitMs[unit])) };
  }
  const length = countIn(query, unit, usual, (mostDays * unitMs.days) / unitMs[unit]);
  return { since: now - length * unitMs[unit], length };
}

/** A whole number from 1 to `most`. Throws `invalid_request`. */
function countIn(query: URLSearchParams, name: string, usual: number, most: number): number {
  const text = query.get(name);
  if (text === null) return usual;
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > most) throw new RouterError('invalid_request', `${name} is a whole number from 1 to ${most}, not ${text.slice(0, 40)}.`, { param: name });
  return count;
}

/** Null when it is not there. */
function secondsIn(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null || text === '') return null;
  const seconds = /^\d{1,11}(?:\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(seconds)) throw new RouterError('invalid_request', `${name} is a time in seconds since 1970, such as 1700000000, not ${text.slice(0, 40)}.`, { param: name });
  return seconds * 1000;
}
