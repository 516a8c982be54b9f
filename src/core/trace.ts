/** What happened to one request, written once when it ends. */
import type { Considered, Term } from './placement.ts';
import type { Task } from './request.ts';
import type { Usage } from './stream.ts';
import type { Plane } from './principal.ts';

export interface Attempt {
  readonly backendId: string;
  /** The machine that the backend is on. */
  readonly nodeId?: string;
  readonly model: string;
  readonly startedAt: number;
  /** Absent while none came. */
  readonly firstPartMs?: number;
  readonly endedMs: number;
  /** The catalogue code, when the attempt failed. */
  readonly error?: string;
  readonly message?: string;
  /** The backend fell silent for longer than its limits allow, so that the router ended it. */
  readonly reaped?: true;
  readonly why: readonly Term[];
  /** Absent when there was no choice. */
  readonly considered?: readonly Considered[];
}

export interface Trace {
  readonly requestId: string;
  readonly jobId?: string;
  readonly principalId: string;
  /** The caller's network address. */
  readonly address?: string;
  readonly plane: Plane;
  readonly dialect: string;
  /** Absent when the request could not be read. */
  readonly task?: Task;
  readonly stream: boolean;
  /** Absent when the request named its model and nothing was classified. */
  readonly taskType?: string;
  readonly requestedModel: string | null;
  readonly servedModel?: string;
  readonly backendId?: string;
  /** The machine of the backend that served. */
  readonly nodeId?: string;
  /** Points of the place that served, when places are rated in points. */
  readonly score?: number;
  /** The served model is not what was asked for: the caller named it to fall back to, or `router.substitution` allowed it. */
  readonly instead?: 'fallback' | 'substitute';
  readonly decisionReason?: string;
  /** W3C trace context of a caller who traces too. */
  readonly traceparent?: string;
  /** As the caller wrote it, cut to a bounded length. */
  readonly user?: string;
  /** What the caller marked the request with, for figures by application; absent: none. */
  readonly tags?: readonly string[];
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

/** Where it was served, or tried last; absent when it was tried nowhere. */
export function triedAt({ servedModel, backendId, nodeId, attempts }: Trace): Pick<Attempt, 'backendId' | 'model' | 'nodeId'> | undefined {
  return servedModel !== undefined && backendId !== undefined ? { backendId, model: servedModel, nodeId } : attempts.at(-1);
}
