/** The index of names: which backends list a model under which name, and which models a name written otherwise may mean. */
import type { BackendState, Model } from '../core/fleet.ts';
import { modelKey, shortNames } from './model-name.ts';

/** One backend's listing of a model. */
export interface ListedAt {
  /** Position among the fleet's backends. */
  readonly at: number;
  readonly model: Model;
}

const nowhere: readonly ListedAt[] = [];
const nothing: readonly string[] = [];

/** The same index for backends that list the same, however else they changed. Backends that are down are in it as they were. */
export function modelIndexOf(backends: readonly BackendState[]): ModelIndex {
  const known = indexes.get(backends);
  if (known !== undefined) return known;
  // A fleet view is new with each probe, and what is listed changes rarely.
  const index = latest?.covers(backends) === true ? latest : new ModelIndex(backends);
  latest = index;
  indexes.set(backends, index);
  return index;
}

const indexes = new WeakMap<readonly BackendState[], ModelIndex>();
let latest: ModelIndex | null = null;

export class ModelIndex {
  readonly #ids: readonly string[];
  readonly #lists: readonly (readonly Model[] | undefined)[];
  readonly #byKey = new Map<string, ListedAt[]>();
  #near: NearNames | null = null;

  constructor(backends: readonly BackendState[]) {
    this.#ids = backends.map((backend) => backend.id);
    this.#lists = backends.map((backend) => backend.report?.models);
    for (const [at, models] of this.#lists.entries()) {
      for (const model of models ?? []) this.#add(at, model);
    }
  }

  covers(backends: readonly BackendState[]): boolean {
    return backends.length === this.#ids.length && backends.every((backend, at) => backend.report?.models === this.#lists[at] && backend.id === this.#ids[at]);
  }

  /** In the order of the backends. */
  listedAt(key: string): readonly ListedAt[] {
    return this.#byKey.get(key) ?? nowhere;
  }

  /** Each model once, by key. */
  entries(): Iterable<readonly [key: string, places: readonly ListedAt[]]> {
    return this.#byKey;
  }

  /**
   * Keys of the models that a name means when none is called so exactly: in other capitals, else as a short or further name
   * of a llama-server's model. More than one: the name is ambiguous.
   */
  near(asked: string): readonly string[] {
    this.#near ??= nearNames(this.#byKey);
    const wanted = modelKey(asked.toLowerCase());
    const keys = this.#near.whole.get(wanted) ?? this.#near.other.get(wanted);
    return keys === undefined ? nothing : [...keys];
  }

  #add(at: number, model: Model): void {
    const key = modelKey(model.name);
    const places = this.#byKey.get(key);
    if (places === undefined) this.#byKey.set(key, [{ at, model }]);
    // A backend that lists `m` and `m:latest` has one model under two names.
    else if (places.at(-1)?.at !== at) places.push({ at, model });
  }
}

interface NearNames {
  readonly whole: ReadonlyMap<string, ReadonlySet<string>>;
  readonly other: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Made when it is first asked for: most callers write names as they are listed. */
function nearNames(byKey: ReadonlyMap<string, readonly ListedAt[]>): NearNames {
  const whole = new Map<string, Set<string>>();
  const other = new Map<string, Set<string>>();
  for (const [key, places] of byKey) {
    note(whole, key, key);
    for (const name of new Set(places.flatMap(({ model }) => otherNames(model)))) note(other, name, key);
  }
  return { whole, other };
}

function note(names: Map<string, Set<string>>, name: string, key: string): void {
  const lower = modelKey(name.toLowerCase());
  const keys = names.get(lower);
  if (keys === undefined) names.set(lower, new Set([key]));
  else keys.add(key);
}

/** A llama-server's own further names (`--alias`) are in its row. Ids of other servers mean what they say. */
function otherNames({ name, ownedBy, row }: Model): readonly string[] {
  if (ownedBy !== 'llamacpp') return nothing;
  const aliases = row?.['aliases'];
  return [...shortNames(name), ...(Array.isArray(aliases) ? aliases.filter((alias) => typeof alias === 'string') : [])];
}
