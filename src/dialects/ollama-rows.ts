/** Rows of Ollama's lists and its description of a model, its own words where there are any, else made from what is known. */
import type { Model, Resident } from '../core/fleet.ts';
import type { CatalogueView } from './dialect.ts';
import type { ListedModel } from './listing.ts';
import { defined, type Fields } from './read-fields.ts';

/** Ollama's command line cuts digests to twelve characters and fails on shorter ones. */
const noDigest = '0'.repeat(64);
const never = '9999-12-31T23:59:59Z';

/** A row of `/api/tags`. */
export function tagsRow(entry: ListedModel, view: CatalogueView): Fields {
  const { model } = entry;
  const row = entry.ollama && model?.row ? model.row : {
    modified_at: model?.modifiedAt ?? startOf(view),
    size: model?.sizeBytes ?? 0,
    digest: model?.digest ?? noDigest,
    details: detailsOf(model),
  };
  return { ...row, name: entry.name, model: entry.name, fleet_nodes: entry.nodeIds };
}

/** A row of `/api/ps`. */
export function processRow(resident: Resident, model: Model | undefined, ollama: boolean, nodeId: string): Fields {
  if (ollama && resident.row) return { ...resident.row, fleet_node: nodeId };
  return {
    name: resident.name,
    model: resident.name,
    size: resident.sizeBytes ?? model?.sizeBytes ?? 0,
    digest: resident.digest ?? model?.digest ?? noDigest,
    details: detailsOf(model ?? null),
    expires_at: resident.expiresAt ?? never,
    size_vram: resident.vramBytes ?? 0,
    ...(resident.contextLength === undefined ? {} : { context_length: resident.contextLength }),
    fleet_node: nodeId,
  };
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

function startOf(view: CatalogueView): string {
  return new Date(view.startedAt).toISOString();
}
