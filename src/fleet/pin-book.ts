/** Remembers which models are pinned to which machine. */
import type { KeyValueStore } from '../store/store.ts';
import { modelKey } from '../util/model-name.ts';

const key = 'fleet.pins';

export class PinBook {
  readonly #kv: Pick<KeyValueStore, 'get' | 'put'>;
  #nodes: Readonly<Record<string, readonly string[]>> = {};

  constructor(kv: Pick<KeyValueStore, 'get' | 'put'>) {
    this.#kv = kv;
  }

  /** Takes over what was pinned before. Rejects like the store. */
  async load(): Promise<void> {
    const written = await this.#kv.get(key);
    if (written !== null) this.#nodes = (JSON.parse(written) as { nodes: Readonly<Record<string, readonly string[]>> }).nodes;
  }

  /** By machine, the models as they were named. */
  get nodes(): Readonly<Record<string, readonly string[]>> {
    return this.#nodes;
  }

  of(nodeId: string): readonly string[] {
    return Object.hasOwn(this.#nodes, nodeId) ? (this.#nodes[nodeId] ?? []) : [];
  }

  /** Kept when it resolves. Rejects like the store; then nothing has changed. */
  async set(nodeId: string, model: string, pinned: boolean): Promise<void> {
    const others = this.of(nodeId).filter((name) => modelKey(name) !== modelKey(model));
    const models = pinned ? [...others, model] : others;
    const { [nodeId]: _before, ...rest } = this.#nodes;
    const nodes = models.length === 0 ? rest : { ...rest, [nodeId]: models };
    await this.#kv.put(key, JSON.stringify({ nodes }), null);
    this.#nodes = nodes;
  }
}
