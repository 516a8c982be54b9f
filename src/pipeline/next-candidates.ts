/** Which places may be tried for a request, after those that were. */
import { RouterError } from '../core/errors.ts';
import type { Model } from '../core/fleet.ts';
import type { Candidate } from '../core/placement.ts';
import type { InferenceRequest } from '../core/request.ts';
import type { InferenceDialect } from '../dialects/dialect.ts';
import type { Decision } from '../routing/routing.ts';
import type { HeadKeeper } from './head-keeper.ts';
import type { InferenceCall, Reply } from './pipeline.ts';
import type { PipelineParts } from './pipeline-parts.ts';
import type { RequestRecord } from './record.ts';
import { isOut, restOf } from '../util/left-alone.ts';
import { mayServe } from '../util/model-abilities.ts';
import { dialectFor } from './spoken.ts';

/** Everything that the tries of one request share. */
export interface Run {
  readonly parts: PipelineParts;
  readonly call: InferenceCall;
  readonly record: RequestRecord;
  readonly request: InferenceRequest;
  readonly decision: Decision;
  readonly reply: Reply;
  readonly keeper: HeadKeeper | null;
}

const none: readonly Candidate[] = [];

/**
 * What may be tried now. A request that holds takes whichever of its models frees first; any other stays with the chosen
 * model, on other backends as often as `retries` allows, before the next model in order gets its turn. `aside` are not to be
 * tried either, and do not count.
 */
export function nextCandidates(run: Run, failed: readonly Candidate[], aside: readonly Candidate[]): readonly Candidate[] {
  const { parts, call, decision } = run;
  const { brain } = parts;
  const tried = aside.length === 0 ? failed : [...failed, ...aside];
  const untried = (models: readonly string[]): readonly Candidate[] => {
    const all = ableTo(run, brain.candidates(models, call.wantedBackend));
    return tried.length === 0 ? all : all.filter((one) => !isHopeless(parts, one) && !tried.some((bad) => bad.backendId === one.backendId && bad.modelKey === one.modelKey));
  };
  if (decision.kind === 'hold' || (call.job && tried.length === 0)) return untried(decision.models);
  const left = failed.length === 0 ? decision.models : decision.models.filter((model) => failed.filter((bad) => bad.modelKey === model).length <= parts.retries);
  // The first in order that has a free slot.
  if (decision.instead !== undefined) return untried(left);
  for (const model of left) {
    const candidates = untried([model]);
    if (candidates.length > 0) return candidates;
  }
  return none;
}

/** A request that failed somewhere is not made to wait for a backend that is down, or left alone after failures, itself or its model. */
function isHopeless({ fleet }: PipelineParts, { backendId, model }: Candidate): boolean {
  const backend = fleet.view().backends.find((one) => one.id === backendId);
  return backend !== undefined && isOut(backend, model);
}

/** Those whose backends take this kind of request, in the caller's dialect or in another one. */
function ableTo(run: Run, candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.every((one) => spokenWith(run, one) !== null) ? candidates : candidates.filter((one) => spokenWith(run, one) !== null);
}

/** The dialect in which the request can be put to a candidate's backend; null: none, or its model cannot do what is asked. */
export function spokenWith({ parts, call, request }: Run, candidate: Candidate): InferenceDialect | null {
  const speaks = spokenBy(parts, candidate.backendId);
  const dialect = speaks === undefined ? null : dialectFor(call.dialect, request, speaks, parts.dialects);
  if (dialect === null || request.task === 'chat' || request.task === 'embedding') return dialect;
  return mayServe(listed(parts, candidate), request.task, dialect.onlyKnown) ? dialect : null;
}

export function spokenBy(parts: PipelineParts, backendId: string): readonly string[] | undefined {
  return parts.fleet.view().backends.find((one) => one.id === backendId)?.report?.speaks ?? parts.backend(backendId)?.kind.speaks;
}

function listed(parts: PipelineParts, { backendId, model }: Candidate): Model | undefined {
  return parts.fleet.view().backends.find((one) => one.id === backendId)?.report?.models.find((one) => one.name === model);
}

/** Why there is no candidate at all. */
export function nowhere({ parts, call, decision }: Run): RouterError {
  const models = decision.models.join(', ');
  if (parts.brain.candidates(decision.models, call.wantedBackend).length > 0) {
    return new RouterError('not_supported', `No backend that has ${models} takes ${call.dialect.id} requests.`, { param: 'model' });
  }
  const message = call.wantedBackend === undefined ? `No backend has ${models} now.` : `Backend ${call.wantedBackend} does not exist or does not have ${models}.`;
  return new RouterError('no_capacity', message, { retryAfterMs: 5000 });
}

/** Whoever waited in vain for what is left alone after failures hears that it is. */
export function whyInVain(thrown: unknown, { parts }: Run, candidates: readonly Candidate[]): unknown {
  if (!(thrown instanceof RouterError) || thrown.code !== 'queue_timeout') return thrown;
  const { backends } = parts.fleet.view();
  const rests = ({ backendId, model }: Candidate): boolean => backends.some((one) => one.id === backendId && (one.breaker !== undefined || restOf(one, model) !== undefined));
  if (!candidates.every(rests)) return thrown;
  const places = candidates.map(({ model, backendId }) => `${model} on ${backendId}`).join(', ');
  return new RouterError('queue_timeout', `${thrown.message} Left alone after failures in a row, and tried again now and then with one request: ${places}. The traces of failed requests tell what is wrong.`, { ...thrown.details, cause: thrown });
}
