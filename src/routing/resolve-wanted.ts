/** What a request wants: the model it asks for, and those it names to fall back to. */
import { RouterError } from '../core/errors.ts';
import { type Resolved, resolve, type ResolveInput } from './resolve.ts';

export interface Wanted {
  /** Null: nobody has the model, and one to fall back to is known. */
  readonly resolved: Resolved | null;
  /** Keys in the order in which they are to be tried, each once, without the asked one; unknown names drop out. */
  readonly fallbacks: readonly string[];
}

const none: readonly string[] = [];

/** Throws `unknown_model` when none of them is known, `invalid_request` for a fallback that is no model. */
export function resolveWanted(input: ResolveInput, fallbackModels: readonly string[] = none): Wanted {
  if (fallbackModels.length === 0) return { resolved: resolve(input), fallbacks: none };
  const asked = known(input, input.asked);
  const keys = new Set<string>();
  for (const [index, name] of fallbackModels.entries()) {
    const found = known(input, name);
    if (found instanceof RouterError) continue;
    if (found.kind === 'auto') throw new RouterError('invalid_request', `\`fallback_models[${index}]\` must name a model; ${name} means that the router chooses one.`, { param: `fallback_models[${index}]` });
    keys.add(found.modelKey);
  }
  if (asked instanceof RouterError) {
    if (keys.size === 0) throw asked;
    return { resolved: null, fallbacks: [...keys] };
  }
  if (asked.kind === 'named') keys.delete(asked.modelKey);
  return { resolved: asked, fallbacks: [...keys] };
}

function known(input: ResolveInput, asked: string | null): Resolved | RouterError {
  try {
    return resolve({ ...input, asked });
  } catch (thrown) {
    if (thrown instanceof RouterError && thrown.code === 'unknown_model') return thrown;
    throw thrown;
  }
}
