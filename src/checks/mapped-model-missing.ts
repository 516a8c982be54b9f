/** Check `mapped_model_missing`: an alias that leads to a model that no server has. */
import { sameModel } from '../util/model-name.ts';
import type { Check } from './check.ts';

export const check: Check = {
  id: 'mapped_model_missing',
  run({ aliases, fleet }) {
    const known = fleet.backends.filter(({ report }) => report !== null);
    // While servers are still being asked nobody knows.
    if (known.length < fleet.backends.length || known.length === 0) return [];
    return Object.entries(aliases)
      .filter(([, target]) => target !== 'auto' && !known.some(({ report }) => report?.models.some((one) => sameModel(one.name, target))))
      .map(([alias, target]) => ({
        severity: 'critical',
        title: `The alias ${alias} leads nowhere`,
        description: `It stands for ${target}, which no server has.`,
        fix: { text: `Pull ${target}, or let the alias name a model that is there.`, command: `ollama pull ${target}` },
        data: { alias, model: target },
      }));
  },
};
