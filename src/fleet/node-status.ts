/** What follows from how long a machine has been silent (contract fleet part 3). Pure. */
import type { NodeStatus } from '../core/node.ts';

export interface SilenceLimits {
  readonly degradedAfterMs: number;
  readonly offlineAfterMs: number;
  readonly forgetAfterMs: number;
}

/** A machine that nobody has approved is not listed for long after its last word. */
export const waitingForgetMs = 600_000;

export interface Silence {
  readonly enrolled: boolean;
  /** Epoch milliseconds. */
  readonly heardAt: number;
  /** A request failed there since, and nothing good was heard after it. */
  readonly doubted: boolean;
}

export interface Standing {
  readonly status: NodeStatus | 'forgotten';
  /** When silence alone changes it; infinite: never. */
  readonly changesAt: number;
}

export function standingOf({ enrolled, heardAt, doubted }: Silence, limits: SilenceLimits, now: number): Standing {
  // A clock that was set back must not make a machine look heard for ever.
  const silentMs = Math.max(0, now - heardAt);
  const forgetMs = enrolled ? limits.forgetAfterMs : Math.min(waitingForgetMs, limits.forgetAfterMs);
  if (silentMs > forgetMs) return { status: 'forgotten', changesAt: Number.POSITIVE_INFINITY };
  if (!enrolled) return { status: 'waiting', changesAt: heardAt + forgetMs };
  if (silentMs > limits.offlineAfterMs) return { status: 'offline', changesAt: heardAt + forgetMs };
  if (silentMs > limits.degradedAfterMs) return { status: 'degraded', changesAt: heardAt + limits.offlineAfterMs };
  return { status: doubted ? 'degraded' : 'online', changesAt: heardAt + limits.degradedAfterMs };
}
