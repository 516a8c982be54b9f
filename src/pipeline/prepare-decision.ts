/** Decides about a request, made shorter where it fits no model and turns may be dropped. */
import { RouterError } from '../core/errors.ts';
import type { Classification, InferenceRequest } from '../core/request.ts';
import type { Decision } from '../routing/routing.ts';
import type { DecideOptions } from './pipeline.ts';
import type { PipelineParts } from './pipeline-parts.ts';

/** Throws like `Brain.decide`. `fitting` is the request that the decision is about: the same one when nothing was dropped. */
export function decideOn({ brain, preparation }: Pick<PipelineParts, 'brain' | 'preparation'>, request: InferenceRequest, classification: Classification | null, options: DecideOptions): { readonly decision: Decision; readonly fitting: InferenceRequest } {
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
