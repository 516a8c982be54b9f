/** When a failed try of a job is worth another, and how long to wait for it. */
import type { RouterError, ErrorCode } from '../core/errors.ts';

export interface RetryPolicy {
  /** Tries that may fail in all; those that ended because the router died do not count. */
  readonly maxAttempts: number;
  /** Default 1,000. */
  readonly backoffBaseMs?: number;
  /** Default 60,000. */
  readonly backoffMaxMs?: number;
  /** Anything from 0 to 1; half of the wait is random, so that jobs that failed together do not come back together. */
  readonly jitter: () => number;
}

/** Nobody has seen a part of a job's answer, so an answer that broke off may be asked for again. */
const worthAnother: ReadonlySet<ErrorCode> = new Set(['queue_timeout', 'queue_full', 'no_capacity', 'stream_interrupted', 'store_unavailable']);
const comeBackLater: ReadonlySet<number> = new Set([429, 503]);

/** Could the same request succeed later without being changed? */
export function isTransient(error: RouterError): boolean {
  if (error.details.final === true) return false;
  return error.retryElsewhere || worthAnother.has(error.code) || comeBackLater.has(error.details.status ?? 0);
}

/** Doubles with each failure, `failures` counting from 1; never shorter than the backend asked for. */
export function retryDelayMs(failures: number, error: RouterError, policy: RetryPolicy): number {
  const longest = Math.min((policy.backoffBaseMs ?? 1_000) * 2 ** (failures - 1), policy.backoffMaxMs ?? 60_000);
  return Math.max(longest * (0.5 + policy.jitter() / 2), error.details.retryAfterMs ?? 0);
}
