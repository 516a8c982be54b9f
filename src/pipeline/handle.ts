/** One request from its bytes to its answer; reads like the step table of the design. */
import { RouterError, toRouterError } from '../core/errors.ts';
import { ownerOf, type Principal } from '../core/principal.ts';
import type { InferenceRequest } from '../core/request.ts';
import type { InferenceDialect } from '../dialects/dialect.ts';
import type { Decision } from '../routing/routing.ts';
import { mayUse } from '../util/model-name.ts';
import { acceptJob } from './accept-job.ts';
import { serve } from './attempt.ts';
import { decisionHeaders } from './decision-headers.ts';
import { HeadKeeper } from './head-keeper.ts';
import type { Handle, InferenceCall, Reply } from './pipeline.ts';
import type { PipelineParts } from './pipeline-parts.ts';
import { choose } from './prepare-decision.ts';
import { RequestRecord } from './record.ts';
import { AnswerInterrupted } from './respond.ts';

/** The pipeline over its parts; one is made when the router starts. */
export function createHandle(parts: PipelineParts): Handle {
  return async (call, reply) => {
    const record = new RequestRecord(call);
    let keeper: HeadKeeper | null = null;
    try {
      if (parts.stopping() && !call.job) throw new RouterError('shutting_down', 'The router is stopping. Try again in a moment.', { retryAfterMs: 5000 });
      const decoded = recalled(parts, call, call.dialect.decodeRequest(call.body, call.contentType));
      const request = decoded instanceof Promise ? await decoded : decoded;
      record.request = request;
      keeper = keepHead(parts, call, request, record, reply);
      const off = parts.switchedOff(request.task);
      if (off !== null) throw new RouterError('not_supported', off);
      const chosen = choose(parts, call, request, record, keeper);
      const decided = chosen instanceof Promise ? await chosen : chosen;
      const decision = withAllowed(decided.decision, call.principal);
      record.decision = decision;
      if (decision.kind === 'job' && !call.job) await acceptJob(parts, call, record, request, decision, reply);
      // What may become a job and waited too long becomes one.
      else if (!(await serve(parts, call, record, decided.fitting, decision, reply, keeper))) await acceptJob(parts, call, record, request, decision, reply);
    } catch (thrown) {
      fail(parts, call, record, reply, thrown);
    } finally {
      keeper?.stop();
      call.spend?.(tokensSpent(parts, record));
      parts.recorder.record(record.finish(parts.clock.now()));
    }
  };
}

/** A prompt that was answered and that nobody counted is estimated: streams tell their usage only to those who ask for it. */
function tokensSpent({ brain }: PipelineParts, { usage, request }: RequestRecord): number {
  const answered = usage.completionTokens ?? 0;
  return answered + (usage.promptTokens ?? (answered > 0 && request !== null ? brain.promptTokens(request) : 0));
}

/** A key may be for some models alone: the others are as if they were not there. */
function withAllowed(decision: Decision, { models: allowed }: Principal): Decision {
  if (allowed === undefined) return decision;
  const models = decision.models.filter((model) => mayUse(allowed, model));
  // What nobody asked for opens no door.
  if (models.every((model) => decision.instead?.[model] === 'substitute')) throw new RouterError('forbidden', `This key may use ${allowed.join(', ')} alone.`, { param: 'model' });
  return { ...decision, models, fallbackModels: decision.fallbackModels.filter((model) => models.includes(model)) };
}

/** A request that goes on from an earlier answer begins with what went before. */
function recalled(parts: PipelineParts, call: InferenceCall, request: InferenceRequest): InferenceRequest | Promise<InferenceRequest> {
  if (request.task !== 'chat' || request.conversation === undefined || parts.conversations === null) return request;
  const { previousId, refers } = request.conversation;
  if (previousId === undefined && refers !== true) return request;
  return parts.conversations.recall(request, ownerOf(call.principal, call.plane));
}

function keepHead(parts: PipelineParts, call: InferenceCall, request: InferenceRequest, record: RequestRecord, reply: Reply): HeadKeeper | null {
  if (!request.stream || parts.holdHeadMs <= 0) return null;
  const { contentType } = spareEncoder(call, request, parts.clock.now());
  if (!contentType.startsWith('text/event-stream')) return null;
  return new HeadKeeper(parts.clock, reply, parts.holdHeadMs, () => ({ 'content-type': contentType, 'cache-control': 'no-cache', ...decisionHeaders(call, record, null) }));
}

function fail(parts: PipelineParts, call: InferenceCall, record: RequestRecord, reply: Reply, thrown: unknown): void {
  if (thrown instanceof AnswerInterrupted) {
    record.error = thrown.error;
    record.status = 200;
    record.outcome = thrown.error.code === 'cancelled' ? 'cancelled' : 'interrupted';
    return;
  }
  const error = toRouterError(thrown);
  record.error = error;
  record.status = error.status;
  record.outcome = error.code === 'cancelled' ? 'cancelled' : 'failed';
  reply.failed?.(error);
  if (error.code === 'internal') parts.log.error({ requestId: call.requestId, err: error.cause }, 'request failed inside the router');
  if (error.code === 'cancelled') {
    reply.destroy();
    return;
  }
  if (reply.headSent) {
    const request = record.request;
    reply.end(request === null ? undefined : spareEncoder(call, request, parts.clock.now()).error(error));
    return;
  }
  const body = JSON.stringify(call.dialect.encodeError(error, call.requestId));
  reply.head(error.status, Object.assign(record.request === null ? {} : decisionHeaders(call, record, null), parts.errorHeaders(error)));
  reply.end(body);
}

/** An encoder for what is said outside an answer: its content type, and errors behind a head that is out already. */
function spareEncoder(call: InferenceCall, request: InferenceRequest, at: number): ReturnType<InferenceDialect['encodeResponse']> {
  return call.dialect.encodeResponse({
    requestId: call.requestId,
    request,
    model: request.model ?? 'auto',
    stream: request.stream,
    relay: false,
    includeUsage: false,
    createdAt: at,
    router: null,
  });
}
