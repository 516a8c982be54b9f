/** Decides about a request, made shorter where it fits no model and turns may be dropped. */
import { RouterError } from '../core/errors.ts';
import type { Classification, InferenceRequest } from '../core/request.ts';
import type { Decision } from '../routing/routing.ts';
import { onceReported } from './await-machines.ts';
import type { HeadKeeper } from './head-keeper.ts';
import type { DecideOptions, InferenceCall } from './pipeline.ts';
import type { PipelineParts } from './pipeline-parts.ts';
import type { RequestRecord } from './record.ts';

export interface Choice {
  readonly decision: Decision;
  readonly fitting: InferenceRequest;
}

/**
 * Classifies the request and decides about it. A model that nobody has may be on a machine that has not reported yet, or is
 * brought first, if its caller may. Throws or rejects like `Brain.decide`.
 */
export function choose(parts: PipelineParts, call: InferenceCall, request: InferenceRequest, record: RequestRecord, keeper: HeadKeeper | null): Choice | Promise<Choice> {
  const decided = (classification: Classification | null): Choice => {
    record.classification = classification;
    return decideOn(parts, request, classification, { strict: isStrict(call) });
  };
  const classified = (): ReturnType<typeof parts.brain.classify> => call.gateway?.classify(request) ?? parts.brain.classify(request, call.signal);
  const again = async (): Promise<Choice> => decided(await classified());
  const late = (thrown: unknown): Promise<Choice> => {
    if (parts.machinesAwaitedUntil() === null) return brought(thrown);
    const startedAt = parts.clock.now();
    const waited = onceReported(parts, call, parts.brain.entry(call, request, [], false).deadlineAt, thrown, again);
    return waited.catch(brought).finally(() => {
      record.queueMs += parts.clock.now() - startedAt;
    });
  };
  const brought = async (thrown: unknown): Promise<Choice> => {
    const unknown = thrown instanceof RouterError && thrown.code === 'unknown_model' && thrown.details.ambiguous !== true;
    if (!unknown || !(await parts.fetchModel(call, request, (words) => keeper?.tell(words)))) throw thrown;
    return again();
  };
  try {
    const now = classified();
    return now instanceof Promise ? now.then(decided).catch(late) : decided(now);
  } catch (thrown) {
    return late(thrown);
  }
}

/** Who names the backend, or says so, gets what was asked for or nothing. */
function isStrict({ wantedBackend, noSubstitution, gateway }: InferenceCall): boolean {
  return wantedBackend !== undefined || noSubstitution === true || gateway !== undefined;
}

/** Throws like `Brain.decide`. `fitting` is the request that the decision is about: the same one when nothing was dropped. */
export function decideOn({ brain, preparation }: Pick<PipelineParts, 'brain' | 'preparation'>, request: InferenceRequest, classification: Classification | null, options: DecideOptions): Choice {
  let fitting = request;
  for (;;) {
    try {
      const known = fitting === request || classification === null ? classification : { ...classification, estimatedTokens: brain.promptTokens(fitting) };
      return { decision: brain.decide(fitting, known, options), fitting };
    } catch (thrown) {
      const shorter = thrown instanceof RouterError && thrown.code === 'context_overflow' ? preparation?.shorten(fitting, thrown) : null;
      if (!shorter) throw thrown;
      fitting = shorter.request;
    }
  }
}
