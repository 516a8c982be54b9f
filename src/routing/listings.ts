/** Who lists a model, as a fleet view shows it. */
import type { BackendState, FleetView, Model } from '../core/fleet.ts';
import { modelIndexOf } from '../util/model-index.ts';
import { perView } from './per-view.ts';

export interface Listing {
  readonly backend: BackendState;
  readonly model: Model;
}

const none: readonly Listing[] = [];

/** The backends that list a model, in the fleet's order, those that are down included. */
export function listingsOf(key: string, fleet: FleetView): readonly Listing[] {
  return known(key, fleet) ?? none;
}

const known = perView((key, fleet): readonly Listing[] | null => {
  const places = modelIndexOf(fleet.backends).listedAt(key);
  if (places.length === 0) return null;
  return places.flatMap(({ at, model }): Listing[] => {
    const backend = fleet.backends[at];
    return backend === undefined ? [] : [{ backend, model }];
  });
});
