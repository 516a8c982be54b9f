/** Who lists a model: an index over a fleet view, made once for each view. */
import type { BackendState, FleetView, Model } from '../core/fleet.ts';
import { modelKey } from '../util/model-name.ts';

export interface Listing {
  readonly backend: BackendState;
  readonly model: Model;
}

/** A view never changes, so what is derived from it may be kept as long as the view itself. */
const indexes = new WeakMap<FleetView, ReadonlyMap<string, readonly Listing[]>>();

/** The backends that list a model, in the fleet's order, those that are down included. */
export function listingsOf(key: string, fleet: FleetView): readonly Listing[] {
  let index = indexes.get(fleet);
  if (index === undefined) {
    index = indexOf(fleet);
    indexes.set(fleet, index);
  }
  return index.get(key) ?? [];
}

function indexOf(fleet: FleetView): ReadonlyMap<string, readonly Listing[]> {
  const index = new Map<string, Listing[]>();
  for (const backend of fleet.backends) {
    for (const model of backend.report?.models ?? []) {
      const key = modelKey(model.name);
      const listings = index.get(key) ?? [];
      // A backend that lists `m` and `m:latest` has one model under two names.
      if (listings.every((one) => one.backend !== backend)) listings.push({ backend, model });
      index.set(key, listings);
    }
  }
  return index;
}
