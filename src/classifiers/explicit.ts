/** Classifier `explicit`: the request says what it is about. */
import type { Classifier } from './classifier.ts';
import { needsOf } from './complexity.ts';
import { estimateTokens } from '../util/estimate-tokens.ts';

export const classifier: Classifier = {
  id: 'explicit',
  order: 100,
  classify(request, tools) {
    const asked = request.router?.taskType;
    if (asked === undefined || asked === 'auto') return null;
    // A name that no route bears is never passed on: it would become a label of metrics that callers can choose.
    const taskType = tools.knownTaskTypes.has(asked) ? asked : 'unknown';
    return {
      taskType,
      complexity: taskType === 'agentic_reasoning' || taskType === 'large_context' ? 'heavy' : 'medium',
      confidence: 1,
      by: 'explicit',
      estimatedTokens: estimateTokens(request),
      needs: needsOf(request),
    };
  },
};
