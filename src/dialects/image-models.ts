/** The fleet's list of models that make pictures (contract fleet part 1.3): `GET /api/image-models`. */
import { mayServe } from '../util/model-abilities.ts';
import type { ListingDialect } from './dialect.ts';
import { type ListedModel, listModels } from './listing.ts';
import { ollamaError } from './ollama-error.ts';

export const dialect: ListingDialect = {
  kind: 'listing',
  id: 'image-models',
  routes: [{ method: 'GET', path: '/api/image-models' }],
  answer: (view) => ({ status: 200, body: { models: listModels(view).flatMap((entry) => (makesPictures(entry) ? [rowOf(entry)] : [])) } }),
  encodeError: ollamaError,
};

function makesPictures({ model }: ListedModel): boolean {
  return model !== null && mayServe(model, 'image', true);
}

/** `backend` names what makes the picture: a node's program, Ollama, or the kind of server. */
function rowOf({ name, model, ollama, backendKind, nodeIds }: ListedModel): object {
  const runtime = model?.row?.['runtime'];
  return { name, type: 'image', backend: ollama ? 'ollama' : typeof runtime === 'string' ? runtime : backendKind, fleet_nodes: nodeIds };
}
