/** Places a request, runs it, and tries the next candidate while nothing of an answer has been sent. */
import { RouterError, toRouterError } from '../core/errors.ts';
import type { Placement, Ticket } from '../core/placement.ts';
import type { InferenceRequest } from '../core/request.ts';
import { sameModel } from '../util/model-name.ts';
import type { Usage } from '../core/stream.ts';
import type { Decision } from '../routing/routing.ts';
import { startAnswer, type StartedAnswer, type StartOptions } from './answer.ts';
import { deadlineSignal, type DeadlineSignal } from './deadline-signal.ts';
import { decisionHeaders, mediaHeaders, routerObject } from './decision-headers.ts';
import type { PipelineParts } from './pipeline-parts.ts';
import type { HeadKeeper } from './head-keeper.ts';
import type { InferenceCall, Prepared, Reply } from './pipeline.ts';
import type { OpenAttempt, RequestRecord } from './record.ts';
import { loadModel, onlyLoads } from './load-model.ts';
import { withoutThinking } from './prepare-thinking.ts';
import { AnswerInterrupted, respond } from './respond.ts';
import { nextCandidates, nowhere, type Run, spokenWith, whyInVain } from './next-candidates.ts';
import { wireFor } from './wire-for.ts';
import { Tries } from './tries.ts';

/** Resolves with true when the answer is complete, false when the request waited so long that it should become a job. */
export async function serve(parts: PipelineParts, call: InferenceCall, record: RequestRecord, request: InferenceRequest, decision: Decision, reply: Reply, keeper: HeadKeeper | null): Promise<boolean> {
  const run: Run = { parts, call, record, request, decision, reply, keeper };
  const tries = new Tries(run);
  let giveUpAt: number | null = 0;
  for (;;) {
    const candidates = nextCandidates(run, tries.failed, tries.aside);
    if (candidates.length === 0) {
      const pausedMs = await tries.pause(giveUpAt);
      if (pausedMs === null) throw tries.last ?? nowhere(run);
      record.queueMs += pausedMs;
      continue;
    }
    const again = tries.last !== null;
    const entry = parts.brain.entry(call, request, candidates, again, () => nextCandidates(run, tries.failed, tries.aside));
    if (!again) giveUpAt = entry.deadlineAt;
    const acquired = parts.desk.acquire(entry, call.signal, again ? null : parts.brain.jobAfterMs(call, request));
    const ticket = acquired instanceof Promise ? await acquired.catch((thrown: unknown) => { throw whyInVain(thrown, run, candidates); }) : acquired;
    if (ticket === null) return false;
    record.queueMs += ticket.queueMs;
    try {
      await runOn(ticket, run);
      return true;
    } catch (thrown) {
      if (thrown instanceof AnswerInterrupted) throw thrown;
      tries.failedAt(ticket.placement, toRouterError(thrown));
    } finally {
      ticket.release();
    }
  }
}

/** One attempt. Rejects with a RouterError while nothing was sent, AnswerInterrupted after. */
async function runOn({ placement }: Ticket, run: Run): Promise<void> {
  const { parts, call, record } = run;
  if (call.job) await claimJob(call, record);
  const deadline = deadlineSignal(call.signal, parts.brain.executionMs(call, run.request, placement.modelKey), parts.clock);
  const cold = isCold(parts, placement);
  const attempt: OpenAttempt = { placement, startedAt: parts.clock.now(), firstPartAt: null, loading: cold ? parts.watch.loading(placement.backendId, placement.model) : null };
  let failure: RouterError | null = null;
  try {
    await answerOn(attempt, deadline, run);
  } catch (thrown) {
    failure = thrown instanceof AnswerInterrupted ? thrown.error : timedOut(thrown, deadline, parts, placement);
    throw thrown instanceof AnswerInterrupted ? thrown : failure;
  } finally {
    deadline.release();
    attempt.loading?.(false);
    const at = parts.clock.now();
    record.attemptEnded(attempt, at, failure);
    if (failure?.details.silent === true) parts.log.warn({ requestId: call.requestId, backend: placement.backendId, model: placement.model, silence: failure.message }, 'a request was ended since its backend fell silent');
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
  let limit: number | undefined;
  if (onlyLoads(run.request, backend)) answer = await loadModel(run.request, backend, placement, deadline.signal);
  else {
    const dialect = spokenWith(run, placement);
    if (dialect === null) throw new RouterError('not_supported', `Backend ${placement.backendId} takes no ${call.dialect.id} requests.`);
    if (dialect !== call.dialect) prepared = withoutThinking(prepared, parts.fleet.view(), placement);
    const wire = wireFor(run, dialect, prepared.request, placement);
    prepared = withHeaders(prepared, wire.headers);
    limit = wire.limit;
    // An error that the prompt's length leads to says so as well.
    record.notes = prepared.headers ?? null;
    const options: StartOptions = { caller: call.dialect, dialect: wire.dialect, call: wire.call, backend, placement, request: prepared.request, signal: deadline.signal };
    try {
      answer = await startAnswer(options);
    } catch (thrown) {
      ({ prepared, answer } = await startShorter(options, prepared, run, withNumbers(thrown, run, placement)));
    }
  }
  const { request } = prepared;
  attempt.firstPartAt = parts.clock.now();
  attempt.loading?.(true);
  record.firstPartAt = attempt.firstPartAt;
  record.rewrites = prepared.rewrites.length === 0 ? answer.rewrites : [...prepared.rewrites, ...answer.rewrites];
  record.notes = prepared.headers ?? null;
  record.served = placement;
  record.status = 200;
  keeper?.stop();
  const router = !call.job && !call.gateway && parts.brain.showsRouter(request, decision) ? () => routerObject(record, placement, parts.clock.now() - attempt.startedAt) : null;
  // An answer repeats, and a conversation remembers, what was asked and not what was made of it.
  const asked = record.request ?? request;
  const context = { requestId: call.requestId, request: asked, model: placement.model, nodeId: placement.nodeId, stream: request.stream, relay: answer.relay, includeUsage: request.includeUsage, createdAt: attempt.firstPartAt, router };
  const watcher = parts.conversations !== null && asked.task === 'chat' && asked.conversation ? parts.conversations.watch(call, asked, context) : null;
  try {
    countAnswer(record, request, await respond(call.dialect, answer, context, reply, (figures) => Object.assign(decisionHeaders(call, record, placement), request.task === 'chat' ? figures?.headers(limit) : undefined, mediaHeaders(call.dialect, placement, parts.clock.now() - attempt.startedAt)), watcher, parts.watch.meter(placement.backendId, placement.model)), parts.brain.promptTokens);
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

function withHeaders(prepared: Prepared, headers: Prepared['headers'] | null): Prepared {
  return headers == null ? prepared : { ...prepared, headers: { ...prepared.headers, ...headers } };
}

/** A backend that only says that the prompt is too long is helped out with what the router knows of both lengths. */
function withNumbers(thrown: unknown, { parts, request }: Run, placement: Placement): unknown {
  if (!(thrown instanceof RouterError) || thrown.code !== 'context_overflow' || thrown.details.overflow?.contextTokens !== undefined) return thrown;
  const contextTokens = parts.brain.contextTokens(placement);
  if (contextTokens === null) return thrown;
  const promptTokens = parts.brain.promptTokens(request);
  const message = `The prompt has about ${promptTokens} tokens; the context of ${placement.model} on backend ${placement.backendId} is ${contextTokens} tokens. (${thrown.message})`;
  // The prompt is longer than the context by the backend's count, whatever ours says.
  return new RouterError('context_overflow', message, { ...thrown.details, overflow: { promptTokens: Math.max(promptTokens, contextTokens + 1), contextTokens }, cause: thrown });
}

/** Asks again with ever shorter requests, while the backend finds them too long and turns may be dropped. Throws what is left to say. */
async function startShorter(options: StartOptions, prepared: Prepared, run: Run, refused: unknown): Promise<{ readonly prepared: Prepared; readonly answer: StartedAnswer }> {
  const { parts } = run;
  let thrown = refused;
  let { request, rewrites, headers } = prepared;
  for (;;) {
    const shorter = thrown instanceof RouterError && thrown.code === 'context_overflow' ? parts.preparation?.shorten(request, thrown) : null;
    if (!shorter) throw thrown;
    request = shorter.request;
    rewrites = [...new Set([...rewrites, ...shorter.rewrites])];
    headers = { ...headers, ...shorter.headers };
    try {
      const wire = wireFor(run, options.dialect, request, options.placement);
      const answer = await startAnswer({ ...options, request, dialect: wire.dialect, call: wire.call });
      return { prepared: { request, rewrites, headers }, answer };
    } catch (again) {
      thrown = withNumbers(again, run, options.placement);
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
