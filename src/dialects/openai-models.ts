/** The OpenAI API's list of models: `GET /v1/models` and one of them. */
import type { CatalogueView, ListingDialect } from './dialect.ts';
import { findModel, type ListedModel, listModels } from './listing.ts';
import { openAiError } from './openai-error.ts';

const owner = 'ollama-agent-router';

export const dialect: ListingDialect = {
  kind: 'listing',
  id: 'openai-models',
  routes: [
    { method: 'GET', path: '/v1/models' },
    // Names carry slashes (`org/model`), so the rest of the path is the name.
    { method: 'GET', path: '/v1/models/*id' },
  ],
  answer: (view, { params }) => {
    const { id } = params;
    if (id !== undefined) return { status: 200, body: writeModel(findModel(view, id), view) };
    return { status: 200, body: { object: 'list', data: listModels(view).map((entry) => writeModel(entry, view)) } };
  },
  encodeError: openAiError,
};

function writeModel(entry: ListedModel, view: CatalogueView): object {
  const { model } = entry;
  return {
    id: entry.name,
    object: 'model',
    created: createdAt(entry) ?? Math.floor(view.startedAt / 1000),
    owned_by: entry.alias ? owner : (model?.ownedBy ?? entry.backendKind),
    ...(model?.contextLength === undefined ? {} : { context_length: model.contextLength }),
  };
}

/** In seconds. Null for models of unknown age, which are as old as the router's start. */
function createdAt({ alias, model }: ListedModel): number | null {
  if (alias || model === null) return null;
  const created = model.row?.['created'];
  if (typeof created === 'number') return created;
  const modifiedAt = Date.parse(model.modifiedAt ?? '');
  return Number.isNaN(modifiedAt) ? null : Math.floor(modifiedAt / 1000);
}
