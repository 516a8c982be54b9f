/** Places a request, runs it, and tries the next candidate while nothing of an answer has been sent. */
import { RouterError, toRouterError } from '../core/errors.ts';
import type { Candidate, Placement, Ticket } from '../core/placement.ts';
import type { InferenceRequest } from '../core/request.ts';
import { sameModel } from '../util/model-name.ts';
import type { Decision } from '../routing/routing.ts';
import { startAnswer } from './answer.ts';
import { deadlineSignal, type DeadlineSignal } from './deadline-signal.ts';
import { decisionHeaders, routerObject } from './decision-headers.ts';
import type { PipelineParts } from './pipeline-parts.ts';
import type { HeadKeeper } from './head-keeper.ts';
import type { InferenceCall, Reply } from './pipeline.ts';
import type { OpenAttempt, RequestRecord } from './record.ts';
import { AnswerInterrupted, respond } from './respond.ts';

/** Everything that the tries of one request share. */
interface Run {
  readonly parts: PipelineParts;
  readonly call: InferenceCall;
  readonly record: RequestRecord;
  readonly request: InferenceRequest;
  readonly decision: Decision;
  readonly reply: Reply;
  readonly keeper: HeadKeeper | null;
}

const none: readonly Candidate[] = [];

/** Resolves with true when the answer is complete, false when the request waited so long that it should become a job. */
export async function serve(parts: PipelineParts, call: InferenceCall, record: RequestRecord, request: InferenceRequest, decision: Decision, reply: Reply, keeper: HeadKeeper | null): Promise<boolean> {
  const run: Run = { parts, call, record, request, decision, reply, keeper };
  let failed = none;
  let last: RouterError | null = null;
  for (;;) {
    const candidates = nextCandidates(run, failed);
    if (candidates.length === 0) throw last ?? nowhere(decision, call.wantedBackend);
    const entry = parts.brain.entry(call, request, candidates, last !== null);
    const acquired = parts.desk.acquire(entry, call.signal, last === null ? parts.brain.jobAfterMs(call, request) : null);
    const ticket = acquired instanceof Promise ? await acquired : acquired;
    if (ticket === null) return false;
    record.queueMs += ticket.queueMs;
    try {
      await runOn(ticket, run);
      return true;
    } catch (thrown) {
      if (thrown instanceof AnswerInterrupted) throw thrown;
      last = toRouterError(thrown);
      if (!last.retryElsewhere) throw last;
      failed = [...failed, ticket.placement];
    } finally {
      ticket.release();
    }
  }
}

/**
 * What may be tried now. A request that holds takes whichever of its models frees first; any other stays with the chosen
 * model, on other backends as often as `retries` allows, before the next model in order gets its turn.
 */
function nextCandidates({ parts, call, decision }: Run, failed: readonly Candidate[]): readonly Candidate[] {
  const { brain } = parts;
  // A request that failed somewhere is not made to wait for a backend that is down.
  const down = failed.length === 0 ? [] : parts.fleet.view().backends.filter((backend) => backend.status === 'down').map((backend) => backend.id);
  const untried = (models: readonly string[]): readonly Candidate[] => {
    const all = brain.candidates(models, call.wantedBackend);
    return failed.length === 0 ? all : all.filter((one) => !down.includes(one.backendId) && !failed.some((bad) => bad.backendId === one.backendId && bad.modelKey === one.modelKey));
  };
  if (decision.kind === 'hold' || (call.job && failed.length === 0)) return untried(decision.models);
  for (const model of decision.models) {
    if (failed.filter((bad) => bad.modelKey === model).length > parts.retries) continue;
    const candidates = untried([model]);
    if (candidates.length > 0) return candidates;
  }
  return none;
}

function nowhere(decision: Decision, wantedBackend: string | undefined): RouterError {
  const models = decision.models.join(', ');
  const message = wantedBackend === undefined ? `No backend has ${models} now.` : `Backend ${wantedBackend} does not exist or does not have ${models}.`;
  return new RouterError('no_capacity', message, { retryAfterMs: 5000 });
}

/** One attempt. Rejects with a RouterError while nothing was sent, AnswerInterrupted after. */
async function runOn({ placement }: Ticket, run: Run): Promise<void> {
  const { parts, call, record } = run;
  if (call.job) await claimJob(call, record);
  const attempt: OpenAttempt = { placement, startedAt: parts.clock.now(), firstPartAt: null };
  const deadline = deadlineSignal(call.signal, parts.brain.executionMs(call, run.request, placement.modelKey), parts.clock);
  const cold = isCold(parts, placement);
  let failure: RouterError | null = null;
  try {
    await answerOn(attempt, deadline, run);
  } catch (thrown) {
    failure = thrown instanceof AnswerInterrupted ? thrown.error : timedOut(thrown, deadline, parts, placement);
    throw thrown instanceof AnswerInterrupted ? thrown : failure;
  } finally {
    deadline.release();
    const at = parts.clock.now();
    record.attemptEnded(attempt, at, failure);
    teach(parts, record, attempt, failure, at, cold);
  }
}

/** A job is claimed once, when its first attempt has its slot. */
async function claimJob(call: InferenceCall, record: RequestRecord): Promise<void> {
  if (!call.job || record.attempts.length > 0) return;
  if (!(await call.job.started())) throw new RouterError('cancelled', 'The job was cancelled before it began.');
}

async function answerOn(attempt: OpenAttempt, deadline: DeadlineSignal, { parts, call, record, request, decision, reply, keeper }: Run): Promise<void> {
  const { placement } = attempt;
  const backend = parts.backend(placement.backendId);
  if (!backend) throw new RouterError('backend_unreachable', `Backend ${placement.backendId} is gone.`);
  const answer = await startAnswer({ caller: call.dialect, dialects: parts.dialects, backend, placement, request, target: parts.brain.target(request, placement), signal: deadline.signal });
  attempt.firstPartAt = parts.clock.now();
  record.firstPartAt = attempt.firstPartAt;
  record.rewrites = answer.rewrites;
  record.served = placement;
  record.status = 200;
  keeper?.stop();
  const router = !call.job && parts.brain.showsRouter(request, decision) ? () => routerObject(record, placement, parts.clock.now() - attempt.startedAt) : null;
  const context = { requestId: call.requestId, model: placement.model, stream: request.stream, relay: answer.relay, includeUsage: request.includeUsage, createdAt: attempt.firstPartAt, router };
  try {
    record.usage = await respond(call.dialect, answer, context, reply, () => decisionHeaders(call, record, placement));
  } catch (thrown) {
    // Whatever stopped us, nobody reads on: the backend need not go on either.
    answer.cancel();
    throw thrown;
  }
  record.outcome = 'succeeded';
}

/** An attempt that our own time limit ended is a timeout, not a caller that left. */
function timedOut(thrown: unknown, deadline: DeadlineSignal, parts: PipelineParts, placement: Placement): RouterError {
  const error = toRouterError(thrown);
  if (error.code === 'internal') parts.log.error({ backend: placement.backendId, err: error.cause }, 'attempt failed inside the router');
  if (error.code !== 'cancelled' || !deadline.expired()) return error;
  return new RouterError('backend_timeout', `${placement.model} on ${placement.backendId} did not finish within the time limit of this request.`, { cause: error, backend: placement.backendId, final: true });
}

function isCold(parts: PipelineParts, placement: Placement): boolean {
  const report = parts.fleet.view().backends.find((backend) => backend.id === placement.backendId)?.report;
  return report?.resident != null && !report.resident.some((one) => sameModel(one.name, placement.model));
}

function teach(parts: PipelineParts, record: RequestRecord, attempt: OpenAttempt, failure: RouterError | null, at: number, cold: boolean): void {
  if (failure?.code === 'cancelled') return;
  parts.fleet.learn({
    backendId: attempt.placement.backendId,
    model: attempt.placement.model,
    ok: failure === null,
    error: failure?.code,
    noConnection: failure?.details.noConnection,
    usage: failure === null ? record.usage : {},
    firstPartMs: attempt.firstPartAt === null ? undefined : attempt.firstPartAt - attempt.startedAt,
    totalMs: at - attempt.startedAt,
    cold,
  });
}
