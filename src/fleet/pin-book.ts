/** Remembers which models are pinned to which machine. */
import { KeptValue, type ValueStore } from '../util/kept-value.ts';
import { modelKey } from '../util/model-name.ts';

type Pins = Readonly<Record<string, readonly string[]>>;

export class PinBook {
  readonly #kept: KeptValue<Pins>;

  constructor(store: ValueStore) {
    this.#kept = new KeptValue<Pins>({ store, key: 'fleet.pins', initial: {}, write: (nodes) => JSON.stringify({ nodes }), read: (text) => (JSON.parse(text) as { nodes: Pins }).nodes });
  }

  /** Takes over what was pinned before. Rejects like the store. */
  load(): Promise<void> {
    return this.#kept.load();
  }

  /** By machine, the models as they were named. */
  get nodes(): Pins {
    return this.#kept.now;
  }

  of(nodeId: string): readonly string[] {
    return pinnedTo(nodeId, this.#kept.now);
  }

  /** Kept when it resolves. Rejects like the store; then nothing has changed. */
  async set(nodeId: string, model: string, pinned: boolean): Promise<void> {
    await this.#kept.change((before) => {
      const others = pinnedTo(nodeId, before).filter((name) => modelKey(name) !== modelKey(model));
      const models = pinned ? [...others, model] : others;
      const { [nodeId]: _before, ...rest } = before;
      return models.length === 0 ? rest : { ...rest, [nodeId]: models };
    });
  }
}

function pinnedTo(nodeId: string, pins: Pins): readonly string[] {
  return Object.hasOwn(pins, nodeId) ? (pins[nodeId] ?? []) : [];
}
