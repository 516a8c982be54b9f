/** Keeps a list of models as it is while nothing in it changes. */
import { isDeepStrictEqual } from 'node:util';
import type { BackendReport, Model } from '../core/fleet.ts';

/** The very list of the previous report when this one says the same, so that what is derived from it need not be made again. */
export function sameModels(models: readonly Model[], previous: BackendReport | null): readonly Model[] {
  return previous !== null && isDeepStrictEqual(models, previous.models) ? previous.models : models;
}
