/** Remembers what people said about how much of a machine may be used, until the machine has taken it over. Pure but for its memory. */
import type { NodeCapacity, NodeCommand } from '../core/node.ts';

type Order = Extract<NodeCommand, { type: 'capacity_override' }>;

/** An answer may get lost; one that is never followed is not repeated for ever. */
const mostTells = 3;

export class CapacityOrders {
  readonly #orders = new Map<string, { readonly order: Order; readonly told: number }>();

  give(nodeId: string, order: Order): void {
    this.#orders.set(nodeId, { order, told: 0 });
  }

  /** What to tell it now; null: nothing. */
  next(nodeId: string, capacity: NodeCapacity | undefined, at: number): NodeCommand | null {
    const given = this.#orders.get(nodeId);
    if (given === undefined) return null;
    const { order, told } = given;
    const over = order.until !== null && order.until <= at;
    if (over || told >= mostTells || (told > 0 && isFollowed(order, capacity))) {
      this.#orders.delete(nodeId);
      return null;
    }
    this.#orders.set(nodeId, { order, told: told + 1 });
    return order;
  }

  forget(nodeId: string): void {
    this.#orders.delete(nodeId);
  }
}

function isFollowed({ mode }: Order, capacity: NodeCapacity | undefined): boolean {
  if (capacity === undefined) return false;
  return mode === 'auto' ? !capacity.overridden : capacity.overridden && capacity.mode === mode;
}
