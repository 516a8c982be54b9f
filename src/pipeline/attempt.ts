/** Places a request, runs it, and tries the next candidate while nothing of an answer has been sent. */
import { RouterError, toRouterError } from '../core/errors.ts';
import type { Candidate, Placement, Ticket } from '../core/placement.ts';
import type { InferenceRequest } from '../core/request.ts';
import type { InferenceDialect } from '../dialects/dialect.ts';
import { sameModel } from '../util/model-name.ts';
import type { Usage } from '../core/stream.ts';
import type { Decision } from '../routing/routing.ts';
import { BusyWait } from './busy-wait.ts';
import { startAnswer, type StartedAnswer, type StartOptions } from './answer.ts';
import { deadlineSignal, type DeadlineSignal } from './deadline-signal.ts';
import { decisionHeaders, routerObject } from './decision-headers.ts';
import type { PipelineParts } from './pipeline-parts.ts';
import type { HeadKeeper } from './head-keeper.ts';
import type { InferenceCall, Prepared, Reply } from './pipeline.ts';
import type { OpenAttempt, RequestRecord } from './record.ts';
import { loadModel, onlyLoads } from './load-model.ts';
import { withoutThinking } from './prepare-thinking.ts';
import { AnswerInterrupted, respond } from './respond.ts';
import { dialectFor } from './spoken.ts';

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
  let giveUpAt: number | null = 0;
  let busy: BusyWait | null = null;
  for (;;) {
    const candidates = nextCandidates(run, failed, busy?.places ?? none);
    if (candidates.length === 0) {
      const pausedMs = busy === null ? null : await busy.pause(giveUpAt);
      if (pausedMs === null) throw last ?? nowhere(run);
      record.queueMs += pausedMs;
      continue;
    }
    const entry = parts.brain.entry(call, request, candidates, last !== null);
    if (last === null) giveUpAt = entry.deadlineAt;
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
      if (last.details.busy === true) (busy ??= new BusyWait(parts.clock, call.signal)).add(ticket.placement, last);
      else failed = [...failed, ticket.placement];
    } finally {
      ticket.release();
    }
  }
}

/**
 * What may be tried now. A request that holds takes whichever of its models frees first; any other stays with the chosen
 * model, on other backends as often as `retries` allows, before the next model in order gets its turn.
 */
function nextCandidates(run: Run, failed: readonly Candidate[], busy: readonly Candidate[]): readonly Candidate[] {
  const { parts, call, decision } = run;
  const { brain } = parts;
  const tried = [...failed, ...busy];
  // A request that failed somewhere is not made to wait for a backend that is down, or left alone after failures.
  const out = tried.length === 0 ? [] : parts.fleet.view().backends.filter((backend) => backend.status === 'down' || backend.breaker === 'open').map((backend) => backend.id);
  const untried = (models: readonly string[]): readonly Candidate[] => {
    const all = ableTo(run, brain.candidates(models, call.wantedBackend));
    return tried.length === 0 ? all : all.filter((one) => !out.includes(one.backendId) && !tried.some((bad) => bad.backendId === one.backendId && bad.modelKey === one.modelKey));
  };
  if (decision.kind === 'hold' || (call.job && tried.length === 0)) return untried(decision.models);
  for (const model of decision.models) {
    if (failed.filter((bad) => bad.modelKey === model).length > parts.retries) continue;
    const candidates = untried([model]);
    if (candidates.length > 0) return candidates;
  }
  return none;
}

/** Those whose backends take this kind of request, in the caller's dialect or in another one. */
function ableTo(run: Run, candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.every((one) => spokenWith(run, one) !== null) ? candidates : candidates.filter((one) => spokenWith(run, one) !== null);
}

function spokenWith({ parts, call, request }: Pick<Run, 'parts' | 'call' | 'request'>, { backendId }: Candidate): InferenceDialect | null {
  const speaks = parts.fleet.view().backends.find((one) => one.id === backendId)?.report?.speaks ?? parts.backend(backendId)?.kind.speaks;
  return speaks === undefined ? null : dialectFor(call.dialect, request, speaks, parts.dialects);
}

function nowhere({ parts, call, decision }: Run): RouterError {
  const models = decision.models.join(', ');
  if (parts.brain.candidates(decision.models, call.wantedBackend).length > 0) {
    return new RouterError('not_supported', `No backend that has ${models} takes ${call.dialect.id} requests.`, { param: 'model' });
  }
  const message = call.wantedBackend === undefined ? `No backend has ${models} now.` : `Backend ${call.wantedBackend} does not exist or does not have ${models}.`;
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

async function answerOn(attempt: OpenAttempt, deadline: DeadlineSignal, run: Run): Promise<void> {
  const { parts, call, record, decision, reply, keeper } = run;
  const { placement } = attempt;
  const backend = parts.backend(placement.backendId);
  if (!backend) throw new RouterError('backend_unreachable', `Backend ${placement.backendId} is gone.`);
  const ready = parts.preparation?.prepare(run.request, backend, deadline.signal);
  let prepared = (ready instanceof Promise ? await ready : ready) ?? { request: run.request, rewrites: noRewrites };
  let answer: StartedAnswer;
  if (onlyLoads(run.request, backend)) answer = await loadModel(run.request, backend, placement, deadline.signal);
  else {
    const dialect = spokenWith(run, placement);
    if (dialect === null) throw new RouterError('not_supported', `Backend ${placement.backendId} takes no ${call.dialect.id} requests.`);
    if (dialect !== call.dialect) prepared = withoutThinking(prepared, parts.fleet.view(), placement);
    const options = { caller: call.dialect, dialect, backend, placement, request: prepared.request, target: parts.brain.target(prepared.request, placement), signal: deadline.signal };
    try {
      answer = await startAnswer(options);
    } catch (thrown) {
      ({ prepared, answer } = await startShorter(options, prepared, run, thrown));
    }
  }
  const { request } = prepared;
  attempt.firstPartAt = parts.clock.now();
  record.firstPartAt = attempt.firstPartAt;
  record.rewrites = prepared.rewrites.length === 0 ? answer.rewrites : [...prepared.rewrites, ...answer.rewrites];
  record.notes = prepared.headers ?? null;
  record.served = placement;
  record.status = 200;
  keeper?.stop();
  const router = !call.job && !call.gateway && parts.brain.showsRouter(request, decision) ? () => routerObject(record, placement, parts.clock.now() - attempt.startedAt) : null;
  // An answer repeats, and a conversation remembers, what was asked and not what was made of it.
  const asked = record.request ?? request;
  const context = { requestId: call.requestId, request: asked, model: placement.model, stream: request.stream, relay: answer.relay, includeUsage: request.includeUsage, createdAt: attempt.firstPartAt, router };
  const watcher = parts.conversations !== null && asked.task === 'chat' && asked.conversation ? parts.conversations.watch(call, asked, context) : null;
  try {
    countAnswer(record, request, await respond(call.dialect, answer, context, reply, () => decisionHeaders(call, record, placement), watcher), parts.brain.promptTokens);
  } catch (thrown) {
    // Whatever stopped us, nobody reads on: the backend need not go on either.
    answer.cancel();
    if (thrown instanceof AnswerInterrupted) countBroken(record, thrown, parts.brain.promptTokens(request));
    throw thrown;
  }
  record.outcome = 'succeeded';
}

/** Servers of the OpenAI API say what a stream used only to callers who ask for it; of others the router counts itself. */
function countAnswer(record: RequestRecord, request: InferenceRequest, used: Usage, promptTokens: (request: InferenceRequest) => number): void {
  record.usageEstimated = used.promptTokens === undefined && used.completionTokens !== undefined && request.task === 'chat';
  record.usage = record.usageEstimated ? { promptTokens: promptTokens(request), ...used } : used;
}

/** What was generated was paid for, whoever reads it. */
function countBroken(record: RequestRecord, { usage }: AnswerInterrupted, promptTokens: number): void {
  record.usageEstimated = usage.promptTokens === undefined;
  record.usage = { promptTokens, ...usage };
}

/** Asks again with ever shorter requests, while the backend finds them too long and turns may be dropped. Throws what is left to say. */
async function startShorter(options: StartOptions, prepared: Prepared, { parts }: Run, refused: unknown): Promise<{ readonly prepared: Prepared; readonly answer: StartedAnswer }> {
  let thrown = refused;
  let { request, rewrites, headers } = prepared;
  for (;;) {
    const shorter = thrown instanceof RouterError && thrown.code === 'context_overflow' ? parts.preparation?.shorten(request, thrown) : null;
    if (!shorter) throw thrown;
    request = shorter.request;
    rewrites = [...new Set([...rewrites, ...shorter.rewrites])];
    headers = { ...headers, ...shorter.headers };
    try {
      const answer = await startAnswer({ ...options, request, target: parts.brain.target(request, options.placement) });
      return { prepared: { request, rewrites, headers }, answer };
    } catch (again) {
      thrown = again;
    }
  }
}

const noRewrites: readonly string[] = [];

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

/** Load, what this backend does not have or offer, and the request's own time limit say nothing against a backend. */
function isExcused({ details }: RouterError): boolean {
  return details.busy === true || details.noSuchApi === true || details.final === true || details.status === 404;
}

function teach(parts: PipelineParts, record: RequestRecord, attempt: OpenAttempt, failure: RouterError | null, at: number, cold: boolean): void {
  if (failure?.code === 'cancelled') return;
  parts.fleet.learn({
    backendId: attempt.placement.backendId,
    model: attempt.placement.model,
    ok: failure === null,
    error: failure?.code,
    noConnection: failure?.details.noConnection,
    excused: failure !== null && isExcused(failure),
    usage: failure === null && !record.usageEstimated ? record.usage : {},
    firstPartMs: attempt.firstPartAt === null ? undefined : attempt.firstPartAt - attempt.startedAt,
    totalMs: at - attempt.startedAt,
    cold,
  });
}
