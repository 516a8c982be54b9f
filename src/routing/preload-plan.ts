/** Which models are worth loading before somebody asks for them, and where (contract fleet part 2.4). Pure. */
import type { BackendState, FleetView, Model } from '../core/fleet.ts';
import { modelKey } from '../util/model-name.ts';
import { freeForModels, memoryIsShort, takesModel } from './memory-room.ts';
import { residencyOf } from './spec-view.ts';

export interface PreloadSettings {
  /** Loaded wherever they are stored, and again when they went. */
  readonly pinned: readonly string[];
  /** So many models are kept in memory, the pinned ones among them. */
  readonly maxModels: number;
  /** So many waiting requests bring a model to one more place; 0: none do. */
  readonly prewarmAfterQueued: number;
}

/** How often a model was asked for. */
export interface ModelDemand {
  readonly model: string;
  readonly requests24h: number;
  readonly requests7d: number;
}

export interface PreloadFacts {
  readonly now: number;
  readonly view: FleetView;
  readonly settings: PreloadSettings;
  /** Models pinned to one machine. */
  pinsOf(nodeId: string): readonly string[];
  readonly demand: readonly ModelDemand[];
  /** Keys of models for which requests wait, with how many. */
  readonly queued: readonly (readonly [key: string, count: number])[];
  /** Requests that run there; of this model, or of any. */
  running(backendId: string, model?: string): number;
  /** Epoch milliseconds of its last request there; undefined: none that is remembered. */
  usedAt(backendId: string, key: string): number | undefined;
  /** Since when the backend is there, epoch milliseconds. */
  since(backendId: string): number;
  /** What is being loaded, was loaded since the last report, or failed a moment ago. */
  pending(backendId: string, key: string): 'loading' | 'loaded' | 'failed' | null;
}

export interface Preload {
  readonly backendId: string;
  /** As the backend lists it. */
  readonly model: string;
  readonly reason: 'pinned' | 'queued' | 'used';
}

/** A model takes more memory than its file. */
const sizeFactor = 1.2;
/** What was used within this time is in use. */
const momentMs = 60_000;
/** A machine is new for so long. */
const newMs = 60_000;
const hourMs = 3_600_000;
/** What is asked for this often is brought back to memory, as long as it was used within the hour. */
const oftenPriority = 10;
const leastPriority = 1;

/** Contract fleet part 2.3. */
export function priorityOf({ requests24h, requests7d }: ModelDemand): number {
  return 3 * requests24h + requests7d / 7;
}

/** At most one for each backend, and one for each model: what comes after is decided when it is there. */
export function planPreloads(facts: PreloadFacts): readonly Preload[] {
  return new Planner(facts).plan();
}

class Planner {
  readonly #facts: PreloadFacts;
  readonly #planned: Preload[] = [];
  readonly #places: readonly Place[];

  constructor(facts: PreloadFacts) {
    this.#facts = facts;
    this.#places = facts.view.backends.filter((backend) => loads(backend)).flatMap((backend) => (backend.report?.models ?? []).map((model) => ({ backend, model, key: modelKey(model.name) })));
  }

  plan(): readonly Preload[] {
    this.#pins();
    this.#queues();
    this.#used();
    return this.#planned;
  }

  #pins(): void {
    const everywhere = new Set(this.#facts.settings.pinned.map(modelKey));
    for (const place of this.#places) {
      const here = this.#facts.pinsOf(place.backend.nodeId).some((name) => modelKey(name) === place.key);
      if ((!here && !everywhere.has(place.key)) || !this.#mayLoad(place)) continue;
      // One that is pinned everywhere pushes nothing out for its second copy.
      if (this.#fits(place) || ((here || !this.#isHot(place.key)) && this.#fitsForIdle(place))) this.#add(place, 'pinned');
    }
  }

  #queues(): void {
    const { settings, queued } = this.#facts;
    if (settings.prewarmAfterQueued <= 0) return;
    for (const [key, count] of queued) {
      if (count < settings.prewarmAfterQueued || this.#isLoading(key)) continue;
      const [best] = this.#of(key).filter((place) => this.#fits(place) || this.#isEmpty(place.backend)).sort((a, b) => this.#free(b) - this.#free(a));
      if (best !== undefined) this.#add(best, 'queued');
    }
  }

  #used(): void {
    const { demand, settings } = this.#facts;
    const hot = new Set(this.#places.filter((place) => this.#isThere(place)).map(({ key }) => key));
    for (const one of [...demand].sort((a, b) => priorityOf(b) - priorityOf(a))) {
      const key = modelKey(one.model);
      if (hot.size >= settings.maxModels || priorityOf(one) < leastPriority) return;
      if (hot.has(key)) continue;
      const [best] = this.#of(key).filter((place) => this.#fits(place) && this.#isWanted(place, priorityOf(one))).sort((a, b) => this.#free(b) - this.#free(a));
      if (best === undefined) continue;
      this.#add(best, 'used');
      hot.add(key);
    }
  }

  /** Whoever let a model go on purpose does not get it back at once. */
  #isWanted({ backend, key }: Place, priority: number): boolean {
    const { now, since, usedAt } = this.#facts;
    if (now - since(backend.id) < newMs) return true;
    return priority >= oftenPriority && now - (usedAt(backend.id, key) ?? 0) < hourMs;
  }

  /** Is it not there and not coming, and may its machine take it now? */
  #mayLoad({ backend, model, key }: Place): boolean {
    const { view, pending, running } = this.#facts;
    if (residencyOf(backend, key) !== null || pending(backend.id, key) !== null || running(backend.id, model.name) > 0) return false;
    if (this.#planned.some((one) => one.backendId === backend.id) || this.#places.some((place) => place.backend === backend && pending(backend.id, place.key) === 'loading')) return false;
    return takesModel(backend, model.name, view);
  }

  #add({ backend, model }: Place, reason: Preload['reason']): void {
    this.#planned.push({ backendId: backend.id, model: model.name, reason });
  }

  #of(key: string): readonly Place[] {
    return this.#places.filter((place) => place.key === key && this.#mayLoad(place));
  }

  #isThere({ backend, key }: Place): boolean {
    const resident = residencyOf(backend, key);
    const pending = this.#facts.pending(backend.id, key);
    return (resident !== null && resident !== 'unknown') || pending === 'loading' || pending === 'loaded' || this.#planned.some((one) => one.backendId === backend.id && modelKey(one.model) === key);
  }

  #isHot(key: string): boolean {
    return this.#places.some((place) => place.key === key && this.#isThere(place));
  }

  #isLoading(key: string): boolean {
    return this.#facts.view.backends.some((backend) => this.#facts.pending(backend.id, key) === 'loading');
  }

  #free({ backend }: Place): number {
    return freeForModels(backend, this.#facts.view) ?? 0;
  }

  #fits(place: Place): boolean {
    const free = freeForModels(place.backend, this.#facts.view);
    return free !== undefined && needed(place.model) <= free && memoryIsShort(place.backend, this.#facts.view) !== true;
  }

  /** Nothing is in memory there, and nothing comes: it may be tried where nobody measures memory. */
  #isEmpty(backend: BackendState): boolean {
    return freeForModels(backend, this.#facts.view) === undefined && backend.report?.resident?.length === 0 && this.#facts.running(backend.id) === 0;
  }

  /** What is pushed out for it is neither pinned nor at work nor used a moment ago. */
  #fitsForIdle({ backend, model }: Place): boolean {
    const { now, usedAt, running, pinsOf, settings, view } = this.#facts;
    const kept = new Set([...settings.pinned, ...pinsOf(backend.nodeId)].map(modelKey));
    const residents = backend.report?.resident ?? [];
    const idle = residents.filter(({ name }) => !kept.has(modelKey(name)) && running(backend.id, name) === 0 && now - (usedAt(backend.id, modelKey(name)) ?? 0) >= momentMs);
    const free = freeForModels(backend, view);
    // Where nobody measures memory a server pushes out whatever it likes, so that all must be idle.
    if (free === undefined) return running(backend.id) === 0 && residents.every((one) => idle.includes(one) || kept.has(modelKey(one.name)));
    return needed(model) <= free + idle.reduce((sum, one) => sum + (one.vramBytes ?? one.sizeBytes ?? 0), 0);
  }
}

interface Place {
  readonly backend: BackendState;
  readonly model: Model;
  readonly key: string;
}

/** Servers that can be told to load a model. */
function loads({ kind, report }: BackendState): boolean {
  return (kind === 'ollama' || kind === 'llama-server') && report?.resident != null;
}

function needed({ sizeBytes }: Model): number {
  return sizeFactor * (sizeBytes ?? 0);
}
