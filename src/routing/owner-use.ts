/** How much of a machine its owner is using, as far as placement heeds it. Pure. */
import type { NodeActivity, NodeReport } from '../core/node.ts';
import { leastAvailability } from '../util/takes-work.ts';

/** From this share of the machine on nobody asks what the owner does with the rest. */
const freeEnough = 0.5;
const byActivity: Readonly<Record<NodeActivity, number>> = { idle: 0, light: 0, moderate: 0, heavy: 0.5, intensive: 1 };

/** From 0, free enough or nobody knows, to 1, where nearly nothing is left. What an owner set by hand goes before what is seen. */
export function ownerUse({ activity, capacity }: Pick<NodeReport, 'activity' | 'capacity'>): number {
  const seen = activity === undefined ? 0 : byActivity[activity];
  // While it is being learned about, its availability means nothing yet.
  if (capacity === undefined || capacity.mode === 'bootstrap') return seen;
  const taken = Math.min(1, Math.max(0, (freeEnough - capacity.availability) / (freeEnough - leastAvailability)));
  return capacity.overridden ? taken : Math.max(seen, taken);
}
