/** Merges what all backends have into one list of models, for the listings of every API. */
import { RouterError } from '../core/errors.ts';
import type { BackendState, Model, Resident } from '../core/fleet.ts';
import { isEmbeddingModel } from '../util/embedding-model.ts';
import { modelKey } from '../util/model-name.ts';
import type { CatalogueView } from './dialect.ts';

/** One name a caller may ask for. */
export interface ListedModel {
  readonly name: string;
  /** Null for names that are routed by task (`auto`, and aliases of it). */
  readonly model: Model | null;
  /** Is `row` of the model a row of Ollama's own list? */
  readonly ollama: boolean;
  readonly backendKind: string;
  /** The machines that have it, in the order of the backends. */
  readonly nodeIds: readonly string[];
  /** Another name for a listed model. */
  readonly alias: boolean;
}

export const autoModel = 'auto';


/** Backends that may be asked now, with what they last told. */
export function usable(view: CatalogueView): readonly (BackendState & { readonly report: NonNullable<BackendState['report']> })[] {
  return view.backends.flatMap((backend) => (backend.status === 'down' || backend.report === null ? [] : [{ ...backend, report: backend.report }]));
}

export function isOllama(backend: BackendState): boolean {
  return backend.kind === 'ollama';
}

/** Models by name, then aliases of what is there, then `auto` when anything can chat. */
export function listModels(view: CatalogueView): readonly ListedModel[] {
  const models = mergeModels(view);
  const auto = automatic(models);
  const taken = new Set(models.map((entry) => modelKey(entry.name)));
  const aliases = Object.entries(view.aliases).flatMap(([name, target]): ListedModel[] => {
    const served = target === autoModel ? auto : findEntry(models, target);
    return served && !name.includes('*') && name !== autoModel && !taken.has(modelKey(name)) ? [{ ...served, name, alias: true }] : [];
  });
  return [...models, ...aliases.sort(byName), ...(auto && !taken.has(autoModel) ? [auto] : [])];
}

/** The entry of that name; `m` and `m:latest` are one. Configured names count though no backend lists them. Throws `unknown_model`. */
export function findModel(view: CatalogueView, name: string): ListedModel {
  const found = findEntry(listModels(view), name);
  if (found) return found;
  if (view.configured.some((known) => modelKey(known) === modelKey(name))) {
    return { name, model: { name }, ollama: false, backendKind: 'configured', nodeIds: [], alias: false };
  }
  throw new RouterError('unknown_model', `There is no model \`${name}\` here. /v1/models and /api/tags list what there is.`, { param: 'model' });
}

/** What is in memory now, one entry for each machine and model. */
export function listResidents(view: CatalogueView): readonly { readonly resident: Resident; readonly model: Model | undefined; readonly ollama: boolean; readonly nodeId: string }[] {
  const seen = new Set<string>();
  return usable(view).flatMap((backend) => (backend.report.resident ?? []).flatMap((resident) => {
    const key = `${backend.nodeId}\n${modelKey(resident.name)}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const model = backend.report.models.find((one) => modelKey(one.name) === modelKey(resident.name));
    return [{ resident, model, ollama: isOllama(backend), nodeId: backend.nodeId }];
  }));
}

/** An Ollama backend's entry wins over others of the same name, since its row tells most. */
function mergeModels(view: CatalogueView): ListedModel[] {
  const entries = new Map<string, ListedModel>();
  for (const backend of usable(view)) {
    for (const model of backend.report.models) {
      const key = modelKey(model.name);
      const known = entries.get(key);
      const nodeIds = [...new Set([...(known?.nodeIds ?? []), backend.nodeId])];
      const better = known && (known.ollama || !isOllama(backend));
      entries.set(key, better ? { ...known, nodeIds } : { name: model.name, model, ollama: isOllama(backend), backendKind: backend.kind, nodeIds, alias: false });
    }
  }
  return [...entries.values()].sort(byName);
}

/** Null when nothing can chat. */
function automatic(models: readonly ListedModel[]): ListedModel | null {
  const chatting = models.filter((entry) => entry.model !== null && !isEmbeddingModel(entry.model));
  if (chatting.length === 0) return null;
  return { name: autoModel, model: null, ollama: false, backendKind: 'router', nodeIds: [...new Set(chatting.flatMap((entry) => entry.nodeIds))], alias: true };
}

function findEntry(entries: readonly ListedModel[], name: string): ListedModel | undefined {
  return entries.find((entry) => entry.name === name) ?? entries.find((entry) => modelKey(entry.name) === modelKey(name));
}

function byName(a: ListedModel, b: ListedModel): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
