/** Gathers what happens to one request and turns it into its Trace, once. */
import type { RouterError } from '../core/errors.ts';
import type { Placement } from '../core/placement.ts';
import type { Classification, InferenceRequest } from '../core/request.ts';
import type { Usage } from '../core/stream.ts';
import type { Attempt, Trace } from '../core/trace.ts';
import type { Decision } from '../routing/routing.ts';
import type { InferenceCall } from './pipeline.ts';
import { shown, tagsOf } from './request-tags.ts';

/** One try on one placement, from its ticket to its end. */
export interface OpenAttempt {
  readonly placement: Placement;
  readonly startedAt: number;
  firstPartAt: number | null;
  /** Told when the model is in memory, or the attempt has ended; null where it was there from the start, or nobody knows. */
  readonly loading: ((loaded: boolean) => void) | null;
}

/** Written to by the steps of `handle`, read once at the end. */
export class RequestRecord {
  request: InferenceRequest | null = null;
  classification: Classification | null = null;
  decision: Decision | null = null;
  jobId: string | undefined;
  queueMs = 0;
  usage: Usage = {};
  usageEstimated = false;
  status = 0;
  rewrites: readonly string[] = [];
  /** Headers that say what was dropped from the request. */
  notes: Readonly<Record<string, string>> | null = null;
  served: Placement | null = null;
  firstPartAt: number | null = null;
  outcome: Trace['outcome'] = 'failed';
  error: RouterError | null = null;
  readonly #call: InferenceCall;
  /** A list of the length it needs: traces are kept for a while, and a list that grows takes room for many. */
  #attempts: readonly Attempt[] = [];

  constructor(call: InferenceCall) {
    this.#call = call;
  }

  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  attemptEnded(attempt: OpenAttempt, at: number, error: RouterError | null): void {
    const ended: Attempt = {
      backendId: attempt.placement.backendId,
      nodeId: attempt.placement.nodeId,
      model: attempt.placement.model,
      startedAt: attempt.startedAt,
      firstPartMs: attempt.firstPartAt === null ? undefined : attempt.firstPartAt - attempt.startedAt,
      endedMs: at - attempt.startedAt,
      error: error?.code,
      message: error?.message,
      ...(error?.details.silent === true ? { reaped: true } : {}),
      why: attempt.placement.why,
      considered: attempt.placement.considered,
    };
    this.#attempts = this.#attempts.length === 0 ? [ended] : [...this.#attempts, ended];
  }

  finish(at: number): Trace {
    const call = this.#call;
    const user = this.request?.user;
    const tags = tagsOf(call.tags, this.request);
    return {
      requestId: call.requestId,
      jobId: this.jobId,
      principalId: call.principal.id,
      address: call.principal.address,
      plane: call.plane,
      dialect: call.dialect.id,
      task: this.request?.task,
      stream: this.request?.stream ?? false,
      taskType: this.classification?.taskType,
      requestedModel: this.request?.model ?? null,
      servedModel: this.served?.model,
      backendId: this.served?.backendId,
      nodeId: this.served?.nodeId,
      score: this.served?.score,
      instead: insteadOf(this.decision, this.served),
      decisionReason: this.decision?.reason,
      ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }),
      user: user === undefined ? undefined : shown(user),
      ...(tags.length === 0 ? {} : { tags }),
      receivedAt: call.receivedAt,
      queueMs: this.queueMs,
      firstPartMs: this.firstPartAt === null ? undefined : this.firstPartAt - call.receivedAt,
      totalMs: at - call.receivedAt,
      usage: this.usage,
      ...(this.usageEstimated ? { usageEstimated: true } : {}),
      attempts: this.#attempts,
      rewrites: this.rewrites,
      outcome: this.outcome,
      status: this.status,
      error: this.error?.code,
    };
  }
}

/** Is what serves another model than the one that was asked for? */
export function insteadOf(decision: Decision | null, served: Placement | null): Trace['instead'] {
  return decision?.instead === undefined || served === null ? undefined : decision.instead[served.modelKey];
}
