/** Check `prompts_too_long`: prompts did not fit the context of their model and were refused or shortened. */
import type { Trace } from '../core/trace.ts';
import type { Check } from './check.ts';
import { counted } from './words.ts';

const times = 3;

export const check: Check = {
  id: 'prompts_too_long',
  run({ recent }) {
    const byModel = new Map<string, number>();
    for (const trace of recent.filter(wasTooLong)) {
      const model = trace.servedModel ?? trace.attempts.at(-1)?.model ?? trace.requestedModel ?? 'auto';
      byModel.set(model, (byModel.get(model) ?? 0) + 1);
    }
    return [...byModel].filter(([, count]) => count >= times).map(([model, count]) => ({
      severity: 'warning',
      title: `Prompts are too long for ${model}`,
      description: `${counted(count, 'request')} in 24 hours did not fit its context and ${count === 1 ? 'was' : 'were'} refused or shortened.`,
      fix: { text: 'Load it with a longer context (models[].defaultContext, or num_ctx), or use a model with one; context.overflow: trim drops the oldest turns instead of refusing.' },
      data: { model, requests: count },
    }));
  },
};

function wasTooLong({ error, rewrites }: Trace): boolean {
  return error === 'context_overflow' || rewrites.some((name) => name.startsWith('trim'));
}
