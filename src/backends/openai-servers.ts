/** What particular OpenAI-compatible servers tell beside `/v1/models`. */
import type { BackendReport, Capability, Model, Resident } from '../core/fleet.ts';
import { countField, knownOnly, objectField, objectsField, textField } from './json-fields.ts';
import type { JsonObject } from '../util/json-object.ts';

/** vLLM and SGLang serve what they have loaded and nothing else. */
export function isEngine(row: JsonObject): boolean {
  return row['owned_by'] === 'vllm' || row['owned_by'] === 'sglang';
}

export function isLlamaServer(row: JsonObject): boolean {
  return row['owned_by'] === 'llamacpp' || 'n_ctx_train' in objectField(row, 'meta');
}

export function isLmStudio(row: JsonObject): boolean {
  return /^organization[-_]owner$/.test(textField(row, 'owned_by') ?? '');
}

export function withEngineOwner(listed: BackendReport, version: JsonObject | null): BackendReport {
  const text = version ? textField(version, 'version') : undefined;
  return { ...listed, ...(text === undefined ? {} : { version: text }), resident: listed.models.map((model) => knownOnly({ name: model.name, contextLength: model.contextLength })) };
}

/** What a llama-server that keeps several models says of one: `loaded`, `unloaded`, `loading`, `sleeping`. */
export function modelState(model: Model): string | undefined {
  return textField(objectField(model.row ?? {}, 'status'), 'value');
}

export function withLoadedRows(listed: BackendReport): BackendReport {
  return { ...listed, resident: listed.models.flatMap((model) => residentByState(model) ?? []) };
}

/** One that sleeps is taken up by its next request without being asked for, so it counts, and says so. */
export function residentByState(model: Model): Resident | null {
  const state = modelState(model);
  if (state === 'loaded') return { name: model.name };
  return state === 'sleeping' ? { name: model.name, sleeping: true } : null;
}

/** `/props` of llama-server: its slots, and the context that each of them has. */
export function withLlamaServer(listed: BackendReport, properties: JsonObject): BackendReport {
  const contextLength = countField(objectField(properties, 'default_generation_settings'), 'n_ctx') || undefined;
  const models = listed.models.map((model) => (contextLength === undefined ? model : { ...model, contextLength }));
  return knownOnly<BackendReport>({
    version: textField(properties, 'build_info'),
    models,
    resident: models.map((model) => knownOnly({ name: model.name, sizeBytes: model.sizeBytes, contextLength })),
    maxConcurrent: countField(properties, 'total_slots') || undefined,
  });
}

/** `/api/v0/models` of LM Studio: what each model is, and whether it is loaded. */
export function withLmStudio(listed: BackendReport, details: JsonObject): BackendReport {
  const rows = new Map(objectsField(details, 'data').map((row) => [textField(row, 'id'), row]));
  return {
    ...listed,
    models: listed.models.map((model) => withDetails(model, rows.get(model.name))),
    resident: [...rows.values()]
      .filter((row) => row['state'] === 'loaded')
      .flatMap((row) => {
        const name = textField(row, 'id');
        return name === undefined ? [] : [knownOnly({ name, contextLength: countField(row, 'loaded_context_length') })];
      }),
  };
}

const capabilitiesOfType: Readonly<Record<string, readonly Capability[]>> = {
  llm: ['chat', 'tools'],
  vlm: ['chat', 'tools', 'vision'],
  embeddings: ['embedding'],
};

function withDetails(model: Model, row: JsonObject | undefined): Model {
  if (!row) return model;
  return knownOnly<Model>({
    ...model,
    contextLength: countField(row, 'max_context_length') ?? model.contextLength,
    capabilities: capabilitiesOfType[textField(row, 'type') ?? ''] ?? model.capabilities,
    family: textField(row, 'arch'),
    quantization: textField(row, 'quantization'),
    row: { ...model.row, state: row['state'] },
  });
}
