/** Merges what all backends have into one list of models, for the listings of every API. */
import { RouterError } from '../core/errors.ts';
import type { BackendReport, BackendState, Model, Resident } from '../core/fleet.ts';
import { neverChats } from '../util/model-abilities.ts';
import { modelIndexOf } from '../util/model-index.ts';
import { modelKey, sameModel } from '../util/model-name.ts';
import type { CatalogueView } from './dialect.ts';

/** One name a caller may ask for. */
export interface ListedModel {
  readonly name: string;
  /** Null for names that are routed by task (`auto`, and aliases of it). */
  readonly model: Model | null;
  /** Is `row` of the model a row of Ollama's own list? */
  readonly ollama: boolean;
  readonly backendKind: string;
  /** The machines that have it, in the order of the backends: those that answer, or all when none does. */
  readonly nodeIds: readonly string[];
  /** Another name for a listed model. */
  readonly alias: boolean;
}

/** A model in memory, on one backend. */
export interface ListedResident {
  readonly resident: Resident;
  /** Undefined when the backend does not list what it has loaded. */
  readonly model: Model | undefined;
  readonly backend: BackendState;
}

export const autoModel = 'auto';

export function isOllama(backend: BackendState): boolean {
  return backend.kind === 'ollama';
}

/**
 * Models by name, then aliases of what is there, then `auto` when anything can chat. A backend that is down keeps its last
 * known models listed: they can still be asked for, and such a request waits for it.
 */
export function listModels(view: CatalogueView): readonly ListedModel[] {
  const { models, auto } = mergedModels(view.backends);
  const aliases = Object.keys(view.aliases).flatMap((name): ListedModel[] => {
    const served = name.includes('*') || name === autoModel || exactEntry(view, name) !== undefined ? undefined : servedBy(view, name);
    return served === undefined ? [] : [{ ...served, name, alias: true }];
  });
  return [...models, ...aliases.sort(byName), ...(auto !== null && exactEntry(view, autoModel) === undefined ? [auto] : [])];
}

/** The entry of that name, however it may be written. Configured names count though no backend lists them. Throws `unknown_model`. */
export function findModel(view: CatalogueView, name: string): ListedModel {
  const exact = exactEntry(view, name);
  if (exact !== undefined) return exact;
  if (isConfigured(view, name)) return { name, model: { name }, ollama: false, backendKind: 'configured', nodeIds: [], alias: false };
  const served = servedBy(view, name);
  if (served !== undefined) return Object.hasOwn(view.aliases, name) ? { ...served, name, alias: true } : served;
  const choices = modelIndexOf(view.backends).near(name);
  const hint = choices.length > 1 ? `It may be any of ${choices.slice(0, 10).join(', ')}; write its name in full.` : '/v1/models and /api/tags list what there is.';
  throw new RouterError('unknown_model', `There is no model \`${name.slice(0, 100)}\` here. ${hint}`, { param: 'model' });
}

/** What is in memory now, backend by backend; one that is down has nothing there. */
export function allResidents(view: CatalogueView): readonly ListedResident[] {
  return reachable(view.backends).flatMap((backend) => (backend.report?.resident ?? []).map((resident): ListedResident => ({ resident, model: modelOf(backend, resident.name), backend })));
}

/** One entry for each machine and model, of what can be asked for. */
export function listResidents(view: CatalogueView): readonly ListedResident[] {
  const seen = new Set<string>();
  return allResidents(view).filter(({ resident, model, backend }) => {
    const key = `${backend.nodeId}\n${modelKey(resident.name)}`;
    if (model === undefined || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Versions of the Ollamas that answer; of all when none does. */
export function ollamaVersions({ backends }: CatalogueView): readonly string[] {
  const all = backends.filter(isOllama);
  const answering = reachable(all);
  return (answering.length > 0 ? answering : all).flatMap((backend) => backend.report?.version ?? []);
}

function reachable(backends: readonly BackendState[]): readonly BackendState[] {
  return backends.filter((backend) => backend.status !== 'down');
}

function modelOf({ report }: BackendState, name: string): Model | undefined {
  return report?.models.find((one) => sameModel(one.name, name));
}

interface Merged {
  readonly models: readonly ListedModel[];
  readonly byKey: ReadonlyMap<string, ListedModel>;
  /** Null when nothing can chat. */
  readonly auto: ListedModel | null;
}

/** The backends of a fleet view never change, and lists are asked for again and again. */
const known = new WeakMap<readonly BackendState[], Merged>();

function mergedModels(backends: readonly BackendState[]): Merged {
  const before = known.get(backends);
  if (before !== undefined) return before;
  const byKey = mergeModels(backends);
  const models = [...byKey.values()].sort(byName);
  const merged = { models, byKey, auto: automatic(models) };
  known.set(backends, merged);
  return merged;
}

/** An Ollama backend's entry wins over others of the same name, since its row tells most. */
function mergeModels(backends: readonly BackendState[]): ReadonlyMap<string, ListedModel> {
  const entries = new Map<string, ListedModel>();
  const answering = reachable(backends);
  for (const backend of answering) {
    for (const model of backend.report?.models ?? []) addModel(entries, model, backend);
  }
  const gone = new Map<string, ListedModel>();
  for (const backend of backends) {
    for (const model of answering.includes(backend) ? noModels : (backend.report?.models ?? noModels)) {
      if (!entries.has(modelKey(model.name))) addModel(gone, model, backend);
    }
  }
  for (const [key, entry] of gone) entries.set(key, entry);
  return entries;
}

const noModels: BackendReport['models'] = [];

function addModel(entries: Map<string, ListedModel>, model: Model, backend: BackendState): void {
  const key = modelKey(model.name);
  const before = entries.get(key);
  const nodeIds = before === undefined ? [backend.nodeId] : before.nodeIds.includes(backend.nodeId) ? before.nodeIds : [...before.nodeIds, backend.nodeId];
  const better = before !== undefined && (before.ollama || !isOllama(backend));
  entries.set(key, better ? { ...before, nodeIds } : { name: model.name, model, ollama: isOllama(backend), backendKind: backend.kind, nodeIds, alias: false });
}

function automatic(models: readonly ListedModel[]): ListedModel | null {
  const chatting = models.filter((entry) => entry.model !== null && !neverChats(entry.model));
  if (chatting.length === 0) return null;
  return { name: autoModel, model: null, ollama: false, backendKind: 'router', nodeIds: [...new Set(chatting.flatMap((entry) => entry.nodeIds))], alias: true };
}

function exactEntry(view: CatalogueView, name: string): ListedModel | undefined {
  return mergedModels(view.backends).byKey.get(modelKey(name));
}

/** What answers for an alias, or for a name in another writing; an alias may lead to another one. Undefined when nobody lists it. */
function servedBy(view: CatalogueView, asked: string): ListedModel | undefined {
  const followed = new Set<string>();
  for (let name = asked; !followed.has(name); ) {
    followed.add(name);
    const exact = exactEntry(view, name);
    if (exact !== undefined) return exact;
    if (modelKey(name) === autoModel) return mergedModels(view.backends).auto ?? undefined;
    if (isConfigured(view, name)) return undefined;
    if (!Object.hasOwn(view.aliases, name)) return nearEntry(view, name);
    name = view.aliases[name]?.trim() ?? '';
  }
  return undefined;
}

function isConfigured({ configured }: CatalogueView, name: string): boolean {
  return configured.some((known) => sameModel(known, name));
}

function nearEntry(view: CatalogueView, name: string): ListedModel | undefined {
  const [only, ...others] = modelIndexOf(view.backends).near(name);
  return only === undefined || others.length > 0 ? undefined : exactEntry(view, only);
}

function byName(a: ListedModel, b: ListedModel): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
