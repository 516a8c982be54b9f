/** Remembers in which order each set of tools came first, so that it can be given that order again. */

/** Sets of tools that are remembered; the oldest goes first. */
const mostSets = 500;

/**
 * Names and order alone are kept. An order that is kept is left alone, so that requests stay as they were written as long
 * as the agent itself is steady.
 */
export class ToolOrders {
  /** By the sorted names: the names in the order that holds. */
  readonly #orders = new Map<string, readonly string[]>();
  readonly #steady = new Set<string>();

  /** The order that holds for these tools when they came in another one; null when they stand in it. */
  orderFor(names: readonly string[]): readonly string[] | null {
    if (names.length < 2) return null;
    const written = names.join('\n');
    if (this.#steady.has(written)) return null;
    const set = names.toSorted().join('\n');
    const order = this.#orders.get(set);
    if (order !== undefined) return order;
    this.#orders.set(set, names);
    this.#steady.add(written);
    if (this.#orders.size > mostSets) this.#forgetOldest();
    return null;
  }

  #forgetOldest(): void {
    for (const [set, order] of this.#orders) {
      this.#orders.delete(set);
      this.#steady.delete(order.join('\n'));
      return;
    }
  }
}

/**
 * The present positions of all items in an order in which the named ones follow `order`. Items of other names, or of none,
 * keep their places; equal names keep their sequence. Null when nothing changes.
 */
export function arrangement(names: readonly (string | undefined)[], order: readonly string[]): readonly number[] | null {
  const rank = new Map(order.toReversed().map((name, index) => [name, order.length - index]));
  const rankOf = (position: number): number => rank.get(names[position] ?? '') ?? 0;
  const ranked = names.flatMap((name, position) => (name !== undefined && rank.has(name) ? [position] : []));
  const sorted = ranked.toSorted((a, b) => rankOf(a) - rankOf(b) || a - b);
  if (sorted.every((position, index) => position === ranked[index])) return null;
  const positions = names.map((_, position) => position);
  for (const [index, place] of ranked.entries()) positions[place] = sorted[index] ?? place;
  return positions;
}
