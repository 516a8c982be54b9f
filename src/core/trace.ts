/** What happened to one request, written once when it ends. */
import type { Term } from './placement.ts';
import type { Usage } from './stream.ts';
import type { Plane } from './principal.ts';

export interface Attempt {
  readonly backendId: string;
  readonly model: string;
  readonly startedAt: number;
  /** Absent while none came. */
  readonly firstPartMs?: number;
  readonly endedMs: number;
  /** The catalogue code, when the attempt failed. */
  readonly error?: string;
  readonly message?: string;
  readonly why: readonly Term[];
}

export interface Trace {
  readonly requestId: string;
  readonly jobId?: string;
  readonly principalId: string;
  readonly plane: Plane;
  readonly dialect: string;
  readonly stream: boolean;
  /** Absent when the request named its model and nothing was classified. */
  readonly taskType?: string;
  readonly requestedModel: string | null;
  readonly servedModel?: string;
  readonly backendId?: string;
  readonly decisionReason?: string;
  readonly receivedAt: number;
  readonly queueMs: number;
  readonly firstPartMs?: number;
  readonly totalMs: number;
  readonly usage: Usage;
  /** The caller left or the answer broke before the backend said what it used: `usage` is the router's own count. */
  readonly usageEstimated?: boolean;
  readonly attempts: readonly Attempt[];
  /** Names of rewrites applied to the request, such as `keep_alive`. */
  readonly rewrites: readonly string[];
  readonly outcome: 'succeeded' | 'accepted' | 'failed' | 'cancelled' | 'interrupted';
  readonly status: number;
  /** The catalogue code, when it failed. */
  readonly error?: string;
}
