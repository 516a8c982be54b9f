/** The Anthropic API's list of models, for callers that send its version header: `GET /v1/models` and one of them. */
import { neverChats } from '../util/model-abilities.ts';
import { anthropicError } from './anthropic-error.ts';
import type { CatalogueView, ListingDialect } from './dialect.ts';
import { findModel, type ListedModel, listModels } from './listing.ts';
import { defined, type Fields } from './read-fields.ts';

const header = 'anthropic-version';

export const dialect: ListingDialect = {
  kind: 'listing',
  id: 'anthropic-models',
  routes: [
    { method: 'GET', path: '/v1/models', header },
    { method: 'GET', path: '/v1/models/*id', header },
  ],
  answer: (view, { params }) => {
    const { id } = params;
    if (id !== undefined) return { status: 200, body: writeModel(findModel(view, id), view) };
    const data = listModels(view).filter(canChat).map((entry) => writeModel(entry, view));
    return { status: 200, body: { data, has_more: false, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null } };
  },
  encodeError: anthropicError,
};

/** The API has no embeddings. */
function canChat(entry: ListedModel): boolean {
  return entry.model === null || !neverChats(entry.model);
}

/** The row of a backend of this API as it is. Models of unknown age are as old as the router's start. */
function writeModel(entry: ListedModel, view: CatalogueView): Fields {
  const { model, name, alias, backendKind } = entry;
  if (backendKind === 'anthropic' && !alias && model?.row) return model.row;
  const modifiedAt = alias ? Number.NaN : Date.parse(model?.modifiedAt ?? '');
  return defined<Fields>({
    type: 'model',
    id: name,
    display_name: name,
    created_at: new Date(Number.isNaN(modifiedAt) ? view.startedAt : modifiedAt).toISOString(),
    max_input_tokens: model?.contextLength,
  });
}
