/** Chooses what a benchmark asks, of which there is no more at once than there are slots. Pure. */
import { RouterError } from '../core/errors.ts';
import type { BackendState, FleetView, Model } from '../core/fleet.ts';
import { isEmbeddingModel } from '../util/embedding-model.ts';
import { isLeftAlone } from '../util/left-alone.ts';
import { mayServe, neverChats } from '../util/model-abilities.ts';
import { modelKey, sameModel } from '../util/model-name.ts';
import { whyNoWork } from '../util/takes-work.ts';
import type { BenchForm, BenchKind, BenchPlan, BenchTarget } from './bench.ts';

export interface PlanFacts {
  readonly fleet: FleetView;
  slots(backend: BackendState, key: string): number;
  /** Bytes that models may still take there; undefined when nobody has measured it. */
  free(backend: BackendState): number | undefined;
  /** May whoever asked for the benchmark use the model? */
  allowed(model: string): boolean;
}

interface Place {
  readonly backend: BackendState;
  readonly model: Model;
  readonly kind: BenchKind;
  readonly loaded: boolean;
}

const gib = 1024 ** 3;
const requestBytes = 2 * gib;
const mostOnNode = 8;
const mostOfModel = 6;
/** `smart` leaves so much of a machine free, takes half of the rest at most, and no model larger than the last. */
const spareBytes = 20 * gib;
const leastBudget = 4 * gib;
const largestModel = 50 * gib;

/** Throws `invalid_request` when there is nothing to ask. */
export function planBench(form: BenchForm, facts: PlanFacts): BenchPlan {
  const all = placesOf(facts).filter(({ kind, model }) => form.kinds.includes(kind) && facts.allowed(model.name));
  const chosen = form.models === undefined ? [...all.filter(({ loaded }) => loaded), ...(form.mode === 'smart' ? fitting(all, facts) : [])] : named(form.models, all);
  if (chosen.length === 0) throw new RouterError('invalid_request', 'No model of these kinds is in memory. Name the models, or choose the mode smart, which also takes those on disk that fit.');
  const targets = targetsOf(chosen, facts, form.concurrency !== undefined);
  const slots = targets.reduce((sum, { most }) => sum + most, 0);
  return { targets, workers: Math.min(slots, form.concurrency ?? slots) };
}

/** Where models can be asked now. Services that are paid by the token are left alone. */
function placesOf({ fleet }: PlanFacts): readonly Place[] {
  return fleet.backends.flatMap((backend) => {
    const { report, status, kind, nodeId } = backend;
    if (report === null || status !== 'up' || kind === 'anthropic') return [];
    const node = fleet.nodes.find(({ id }) => id === nodeId);
    return report.models.flatMap((model): Place[] => {
      const what = kindOf(model);
      if (what === null || isLeftAlone(backend, model.name) || whyNoWork(node, backend, model.name) !== null) return [];
      return [{ backend, model, kind: what, loaded: report.resident === null || report.resident.some(({ name }) => sameModel(name, model.name)) }];
    });
  });
}

function kindOf(model: Model): BenchKind | null {
  if (isEmbeddingModel(model)) return model.capabilities?.includes('rerank') === true ? null : 'embed';
  if (mayServe(model, 'image', true)) return 'image';
  return neverChats(model) ? null : 'llm';
}

function named(names: readonly string[], places: readonly Place[]): readonly Place[] {
  return names.flatMap((name) => {
    const found = places.filter(({ model }) => sameModel(model.name, name));
    if (found.length === 0) throw new RouterError('invalid_request', `No machine that takes work has a model ${name} of these kinds. Nothing is pulled for a benchmark.`, { param: 'models' });
    return found;
  });
}

/** What is on disk and fits: first the kinds that nothing in memory is of, then the smaller ones. */
function fitting(places: readonly Place[], { free }: PlanFacts): readonly Place[] {
  const covered = new Set(places.filter(({ loaded }) => loaded).map(({ kind }) => kind));
  const known = new Set(places.filter(({ loaded }) => loaded).map(({ model }) => modelKey(model.name)));
  const left = new Map<string, number>();
  const bySize = [...places].sort((a, b) => Number(covered.has(a.kind)) - Number(covered.has(b.kind)) || (a.model.sizeBytes ?? 0) - (b.model.sizeBytes ?? 0));
  return bySize.filter(({ backend, model, loaded }) => {
    const { sizeBytes } = model;
    const room = left.get(backend.nodeId) ?? budget(free(backend));
    if (loaded || sizeBytes === undefined || sizeBytes > Math.min(room, largestModel) || known.has(modelKey(model.name))) return false;
    known.add(modelKey(model.name));
    left.set(backend.nodeId, room - sizeBytes);
    return true;
  });
}

function budget(free: number | undefined): number {
  return free === undefined ? 0 : Math.min(free, Math.max(leastBudget, Math.min(free - spareBytes, free / 2)));
}

/** `full`: as many at once as there are slots, for whoever says how many they want. */
function targetsOf(places: readonly Place[], facts: PlanFacts, full: boolean): readonly BenchTarget[] {
  const onNode = new Map<string, number>();
  for (const { backend } of places) onNode.set(backend.nodeId, (onNode.get(backend.nodeId) ?? 0) + 1);
  const targets = new Map<string, BenchTarget>();
  for (const { backend, model, kind } of places) {
    const key = modelKey(model.name);
    const slots = facts.slots(backend, key);
    const share = Math.max(1, Math.floor(nodeBudget(facts.fleet, backend.nodeId) / (onNode.get(backend.nodeId) ?? 1)));
    const most = full ? slots : Math.min(slots, mostOfModel, share);
    targets.set(key, { model: model.name, kind, most: most + (targets.get(key)?.most ?? 0) });
  }
  return [...targets.values()];
}

function nodeBudget({ nodes }: FleetView, nodeId: string): number {
  const available = nodes.find(({ id }) => id === nodeId)?.report?.memory.availableBytes;
  return available === undefined ? mostOnNode : Math.max(1, Math.min(mostOnNode, Math.floor(available / requestBytes)));
}
