/** What runs now, counted by model, slot, node and backend. */
import type { Placement } from '../core/placement.ts';
import { PassingMap } from '../util/passing-map.ts';
import { addTo } from './counts.ts';
import type { BackendWork, Slot } from './place.ts';
import type { Entry } from './routing.ts';

interface Running {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly placement: Placement;
  readonly exclusive: boolean;
  readonly trial: boolean;
  readonly modelTrial: boolean;
}

export class RunningSet {
  readonly #byId = new PassingMap<Running>();
  readonly #byModel = new Map<string, number>();
  /** By backend, then by model. */
  readonly #bySlot = new Map<string, Map<string, number>>();
  readonly #byNode = new Map<string, number>();
  readonly #exclusiveByNode = new Map<string, number>();
  readonly #trialsByBackend = new Map<string, number>();
  readonly #trialsBySlot = new Map<string, number>();
  readonly #work = new Map<string, { -readonly [Figure in keyof BackendWork]: BackendWork[Figure] }>();
  /** Made when it is asked for; null when something changed since. */
  #byBackend: ReadonlyMap<string, ReadonlyMap<string, number>> | null = null;

  get size(): number {
    return this.#byId.size;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  ofModel(modelKey: string): number {
    return this.#byModel.get(modelKey) ?? 0;
  }

  /** Of this model on this backend. */
  ofSlot({ backendId, modelKey }: Slot): number {
    return this.#bySlot.get(backendId)?.get(modelKey) ?? 0;
  }

  ofNode(nodeId: string): number {
    return this.#byNode.get(nodeId) ?? 0;
  }

  /** Does an exclusive model run there? */
  isTaken(nodeId: string): boolean {
    return this.#exclusiveByNode.has(nodeId);
  }

  /** Does a request run there by which the backend has to prove itself? */
  isTried(backendId: string): boolean {
    return this.#trialsByBackend.has(backendId);
  }

  /** Does one run by which the model has to prove itself there? */
  isModelTried(slot: Slot): boolean {
    return this.#trialsBySlot.has(slotKey(slot));
  }

  work(backendId: string): BackendWork {
    return this.#workOf(backendId);
  }

  /** By backend id, then by the model's name there; the same object until something changed. */
  byBackend(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    this.#byBackend ??= countByBackend(this.#byId.values());
    return this.#byBackend;
  }

  add({ id, promptTokens, completionTokens }: Entry, placement: Placement, exclusive: boolean, trial = false, modelTrial = false): void {
    const running = { promptTokens, completionTokens, placement, exclusive, trial, modelTrial };
    this.#byId.set(id, running);
    this.#count(running, 1);
  }

  /** Returns where it ran; null when it did not run. */
  remove(id: string): Placement | null {
    const running = this.#byId.take(id);
    if (running === undefined) return null;
    this.#count(running, -1);
    return running.placement;
  }

  #workOf(backendId: string): { running: number; pendingPromptTokens: number; pendingCompletionTokens: number } {
    const known = this.#work.get(backendId);
    if (known !== undefined) return known;
    const created = { running: 0, pendingPromptTokens: 0, pendingCompletionTokens: 0 };
    this.#work.set(backendId, created);
    return created;
  }

  #slotsOf(backendId: string): Map<string, number> {
    const known = this.#bySlot.get(backendId);
    if (known !== undefined) return known;
    const created = new Map<string, number>();
    this.#bySlot.set(backendId, created);
    return created;
  }

  #count({ promptTokens, completionTokens, placement, exclusive, trial, modelTrial }: Running, change: 1 | -1): void {
    this.#byBackend = null;
    // Names come from the fleet and are few: a count of zero may stay, which is cheaper than coming and going.
    count(this.#byModel, placement.modelKey, change);
    count(this.#slotsOf(placement.backendId), placement.modelKey, change);
    count(this.#byNode, placement.nodeId, change);
    if (exclusive) addTo(this.#exclusiveByNode, placement.nodeId, change);
    if (trial) addTo(this.#trialsByBackend, placement.backendId, change);
    if (modelTrial) addTo(this.#trialsBySlot, slotKey(placement), change);
    const work = this.#workOf(placement.backendId);
    work.running += change;
    // Estimates are fractions at times: starting again from nothing keeps rounding from piling up.
    work.pendingPromptTokens = work.running === 0 ? 0 : Math.max(0, work.pendingPromptTokens + change * promptTokens);
    work.pendingCompletionTokens = work.running === 0 ? 0 : Math.max(0, work.pendingCompletionTokens + change * completionTokens);
  }
}

function countByBackend(all: Iterable<Running>): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const counts = new Map<string, Map<string, number>>();
  for (const { placement } of all) {
    const models = counts.get(placement.backendId) ?? new Map<string, number>();
    counts.set(placement.backendId, models);
    count(models, placement.model, 1);
  }
  return counts;
}

function count(counts: Map<string, number>, name: string, change: number): void {
  counts.set(name, (counts.get(name) ?? 0) + change);
}

/** Names a model on a backend; neither part may hold a line end. */
export function slotKey({ backendId, modelKey }: Slot): string {
  return `${backendId}\n${modelKey}`;
}
