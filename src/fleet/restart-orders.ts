/** Decides when a machine is asked to start its Ollama again: once in an outage, and not soon after the last time. Pure but for its memory. */
import type { NodeCommand } from '../core/node.ts';
import { forgetOldest } from '../util/forget-oldest.ts';

/** An Ollama that is being restarted by somebody else is not restarted twice. */
const patienceMs = 10_000;
const cooldownMs = 1_800_000;

const mostRemembered = 1000;

interface Outage {
  readonly since: number;
  readonly ordered: boolean;
}

export class RestartOrders {
  readonly #outages = new Map<string, Outage>();
  readonly #orderedAt = new Map<string, number>();

  /** `dead`: the machine is there, and its Ollama is not. Null: nothing is to be done now. */
  look(nodeId: string, dead: boolean, at: number): NodeCommand | null {
    if (!dead) {
      this.#outages.delete(nodeId);
      return null;
    }
    const outage = this.#outages.get(nodeId) ?? { since: at, ordered: false };
    this.#outages.set(nodeId, outage);
    const lately = at - (this.#orderedAt.get(nodeId) ?? Number.NEGATIVE_INFINITY) < cooldownMs;
    if (outage.ordered || lately || at - outage.since < patienceMs) return null;
    this.#outages.set(nodeId, { ...outage, ordered: true });
    this.#orderedAt.delete(nodeId);
    this.#orderedAt.set(nodeId, at);
    forgetOldest(this.#orderedAt, mostRemembered);
    return { type: 'restart_ollama', reason: 'Ollama does not answer on this machine.', env: {} };
  }

  forget(nodeId: string): void {
    this.#outages.delete(nodeId);
  }
}
