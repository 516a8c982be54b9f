/** Does a place get requests after its failures? One answer for a whole server and for one of its models. */
import type { BackendState } from '../core/fleet.ts';
import { modelKey } from './model-name.ts';

/** How a model stands on a backend, apart from the backend itself; undefined: it gets requests as usual. Names are what a server lists, `constructor` among them. */
export function restOf({ resting }: Pick<BackendState, 'resting'>, model: string): BackendState['breaker'] {
  if (resting === undefined) return undefined;
  const key = modelKey(model);
  return Object.hasOwn(resting, key) ? resting[key] : undefined;
}

/** Does nothing of this model go there for now, since the backend, or the model there, failed again and again? */
export function isLeftAlone(backend: BackendState, model: string): boolean {
  return backend.breaker === 'open' || restOf(backend, model) === 'open';
}

/** Or is the backend down? */
export function isOut(backend: BackendState, model: string): boolean {
  return backend.status === 'down' || isLeftAlone(backend, model);
}
