/** Rows of Ollama's lists and its description of a model, its own words where there are any, else made from what is known. */
import type { Model, Resident } from '../core/fleet.ts';
import type { CatalogueView } from './dialect.ts';
import { isOllama, type ListedModel, type ListedResident } from './listing.ts';
import { mayServe } from '../util/model-abilities.ts';
import { defined, type Fields } from './read-fields.ts';
import { isObject } from '../util/json-object.ts';

/** Ollama's command line cuts digests to twelve characters and fails on shorter ones. */
const noDigest = '0'.repeat(64);
const never = '9999-12-31T23:59:59Z';

/** A row of `/api/tags`. */
export function tagsRow(entry: ListedModel, view: CatalogueView): Fields {
  const { model } = entry;
  const own = entry.ollama && model?.row ? model.row : {
    modified_at: model?.modifiedAt ?? startOf(view),
    size: model?.sizeBytes ?? 0,
    digest: model?.digest ?? noDigest,
    details: detailsOf(model),
  };
  const row = isObject(own['details']) ? { ...own, details: { ...own['details'], ...kindOf(model) } } : own;
  return { ...row, name: entry.name, model: entry.name, fleet_nodes: entry.nodeIds };
}

/** What makes or reads something other than text says so, and what it runs in (contract fleet part 1.3). */
function kindOf(model: Model | null): Fields {
  const type = model === null ? undefined : media.find((one) => mayServe(model, one, true));
  if (type === undefined) return {};
  const { runtime, dimensions } = model?.row ?? {};
  return defined<Fields>({ type, runtime: typeof runtime === 'string' ? runtime : undefined, dimensions: typeof dimensions === 'number' ? dimensions : undefined });
}

const media = ['image', 'transcription', 'speech', 'image-embedding'] as const;

/** A row of `/api/ps`. A server that keeps several models says of each whether it is `loaded` or `sleeping`. */
export function processRow({ resident, model, backend }: ListedResident): Fields {
  if (isOllama(backend) && resident.row) return { ...resident.row, fleet_node: backend.nodeId };
  return defined<Fields>({
    name: resident.name,
    model: resident.name,
    size: resident.sizeBytes ?? model?.sizeBytes ?? 0,
    digest: resident.digest ?? model?.digest ?? noDigest,
    details: detailsOf(model ?? null),
    expires_at: resident.expiresAt ?? never,
    size_vram: resident.vramBytes ?? 0,
    context_length: resident.contextLength,
    status: model === undefined ? undefined : stateOf(model, resident),
    fleet_node: backend.nodeId,
  });
}

/** A row of `/api/ps_details`: which backend has it in memory, and what that backend lists of it. */
export function processDetailsRow(listed: ListedResident): Fields {
  const { model, resident, backend } = listed;
  return defined<Fields>({
    ...processRow(listed),
    endpoint: backend.url,
    original_name: isOllama(backend) ? undefined : resident.name,
    created: model?.row?.['created'],
    owned_by: model?.ownedBy,
  });
}

function stateOf({ ownedBy }: Model, { sleeping }: Resident): string | undefined {
  if (sleeping === true) return 'sleeping';
  return ownedBy === 'llamacpp' ? 'loaded' : undefined;
}

/** The answer of `/api/show`. */
export function showModel(entry: ListedModel, view: CatalogueView): Fields {
  const { model } = entry;
  if (entry.ollama && model?.show) return model.show;
  const architecture = model?.family ?? 'unknown';
  return defined<Fields>({
    details: detailsOf(model),
    model_info: defined<Fields>({ 'general.architecture': architecture, [`${architecture}.context_length`]: model?.contextLength }),
    capabilities: capabilitiesOf(model),
    modified_at: model?.modifiedAt ?? startOf(view),
  });
}

/** Ollama says `completion` for what chats. What may be routed to any model promises no more than that. */
function capabilitiesOf(model: Model | null): readonly string[] {
  return (model?.capabilities ?? ['chat']).map((capability) => (capability === 'chat' ? 'completion' : capability));
}

function detailsOf(model: Model | null): Fields {
  return {
    parent_model: '',
    format: model?.quantization === undefined ? '' : 'gguf',
    family: model?.family ?? '',
    families: model?.family === undefined ? null : [model.family],
    parameter_size: model?.parameterSize ?? '',
    quantization_level: model?.quantization ?? '',
  };
}

let lastStart = { at: Number.NaN, text: '' };

/** The same for thousands of rows. */
function startOf({ startedAt }: CatalogueView): string {
  if (startedAt !== lastStart.at) lastStart = { at: startedAt, text: new Date(startedAt).toISOString() };
  return lastStart.text;
}
