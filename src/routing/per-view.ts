/** Keeps what follows from a fleet view for a key as long as the view itself, which never changes. */
import type { FleetView } from '../core/fleet.ts';

/** Null is not kept: names that callers make up must not grow it. */
export function perView<Value>(make: (key: string, fleet: FleetView) => Value | null): (key: string, fleet: FleetView) => Value | null {
  const views = new WeakMap<FleetView, Map<string, Value>>();
  return (key, fleet) => {
    let known = views.get(fleet);
    if (known === undefined) {
      known = new Map();
      views.set(fleet, known);
    }
    const before = known.get(key);
    if (before !== undefined) return before;
    const made = make(key, fleet);
    if (made !== null) known.set(key, made);
    return made;
  };
}
