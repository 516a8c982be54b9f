/** What the models of a fleet are good for: as the catalogue says, else by what their servers and names tell. Pure. */
import type { Model } from '../core/fleet.ts';
import { sameModel } from '../util/model-name.ts';
import { isEmbeddingModel } from '../util/embedding-model.ts';
import { mayServe } from '../util/model-abilities.ts';
import type { CatalogueModel, UseCategory } from './model-catalogue.ts';
import { categoryOf } from './model-category.ts';

/** A model of so many bytes answers at once nearly everywhere. */
const quickBytes = 3.5e9;

/** By its exact tag: other sizes of the same name are other models. */
export function inCatalogue(catalogue: readonly CatalogueModel[], name: string): CatalogueModel | undefined {
  return catalogue.find((one) => sameModel(one.name, name));
}

/** The first is what it is made for; none when it does nothing that the catalogue has a word for. */
export function usesOf(model: Pick<Model, 'name' | 'capabilities' | 'family' | 'sizeBytes'>, catalogue: readonly CatalogueModel[]): readonly UseCategory[] {
  const known = inCatalogue(catalogue, model.name);
  if (known !== undefined) return known.categories;
  if (isEmbeddingModel(model)) return ['embedding'];
  if (mayServe(model, 'image', true)) return ['image'];
  const category = categoryOf(model);
  if (category === 'silent') return [];
  return [category, ...(category === 'general' ? (['creative'] as const) : []), ...((model.sizeBytes ?? Number.POSITIVE_INFINITY) <= quickBytes ? (['fast-chat'] as const) : [])];
}
