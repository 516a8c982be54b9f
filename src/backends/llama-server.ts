/** llama-server of llama.cpp, with one model or, as a router, with several that it loads and lets go. */
import { RouterError } from '../core/errors.ts';
import type { BackendReport, Capability, Model, Resident } from '../core/fleet.ts';
import type { BackendKind, BackendSettings, ProbeClient } from './backend.ts';
import { quantizationIn, sizeInWords } from './gguf-words.ts';
import { countField, knownOnly, objectField, textField } from './json-fields.ts';
import { openAiAddress } from './openai-address.ts';
import { listedRows, modelsFromRows } from './openai-rows.ts';
import { isLlamaServer, modelState, residentByState } from './openai-servers.ts';
import { answerOrNull } from './optional-answer.ts';
import { readUpstreamError } from './read-upstream-error.ts';
import { sameModels } from './same-models.ts';
import { isObject, type JsonObject } from '../util/json-object.ts';

export const backend: BackendKind = {
  kind: 'llama-server',
  label: 'llama-server',
  speaks: ['openai-chat', 'openai-completions', 'openai-embeddings', 'rerank'],
  local: true,
  usualAddresses: [{ name: 'llama-server', url: 'http://127.0.0.1:8080' }],
  urlFor: openAiAddress,
  detect,
  probe,
  load: (client, model) => manage(client, 'load', model, /already (?:running|loaded)/i),
  unload: (client, model) => manage(client, 'unload', model, /not (?:running|loaded)/i),
  readError: readUpstreamError,
};

/** A router without any model lists nothing that tells it apart, but says what it is. */
async function detect(client: ProbeClient): Promise<boolean> {
  try {
    const list = await client.get('/v1/models');
    if (!isObject(list) || !Array.isArray(list['data'])) return false;
    if (list['data'].some((row) => isObject(row) && isLlamaServer(row))) return true;
    return list['data'].length === 0 && isRouter(await answerOrNull(client.get('/props')));
  } catch {
    return false;
  }
}

function isRouter(properties: JsonObject | null): boolean {
  return properties?.['role'] === 'router';
}

/** Asks only for what neither loads a model, nor wakes one, nor keeps one from falling asleep: `/v1/models` and `/props`. */
async function probe(client: ProbeClient, settings: BackendSettings, previous: BackendReport | null): Promise<BackendReport> {
  const [rows, properties] = await Promise.all([listedRows(client, settings), answerOrNull(client.get('/props'))]);
  const models = modelsFromRows(rows, settings, previous).map((model) => withWords(model));
  const version = properties === null ? previous?.version : textField(properties, 'build_info');
  const report = isRouter(properties) || models.some((model) => modelState(model) !== undefined) ? await severalModels(client, models, previous) : oneModel(models, rows, properties);
  return knownOnly<BackendReport>({ ...report, models: sameModels(report.models, previous), version });
}

/** With one model there is nothing to load; while it is loading, its `meta` is null. */
function oneModel(models: readonly Model[], rows: readonly JsonObject[], properties: JsonObject | null): BackendReport {
  if (properties === null || !isObject(properties['default_generation_settings'])) {
    return { models, resident: rows.some((row) => row['meta'] === null) ? [] : null };
  }
  const known = models.map((model) => withProperties(model, properties));
  const asleep = properties['is_sleeping'] === true;
  return knownOnly<BackendReport>({
    models: known,
    resident: known.map((model) => residentOf({ name: model.name, ...(asleep ? { sleeping: true } : {}) }, model)),
    maxConcurrent: countField(properties, 'total_slots') || undefined,
  });
}

/** Those that are loaded are asked for their context; of the others what was learned when they were. */
async function severalModels(client: ProbeClient, models: readonly Model[], previous: BackendReport | null): Promise<BackendReport> {
  const before = new Map(previous?.models.map((model) => [model.name, model]));
  const told = await Promise.all(models.map((model) => (modelState(model) === 'loaded' ? propertiesOf(client, model.name) : null)));
  const known = models.map((model, index) => withProperties(model, told[index] ?? null, before.get(model.name)));
  const slots = told.flatMap((properties) => (properties === null ? [] : countField(properties, 'total_slots') || []));
  return knownOnly<BackendReport>({
    models: known,
    resident: known.flatMap((model) => {
      const resident = residentByState(model);
      return resident === null ? [] : [residentOf(resident, model)];
    }),
    // One number holds for all of them, so that none gets more than it has.
    maxConcurrent: slots.length > 0 ? Math.min(...slots) : previous?.maxConcurrent,
  });
}

/** `autoload=false`: it may have been let go a moment ago, and asking must not bring it back. */
function propertiesOf(client: ProbeClient, model: string): Promise<JsonObject | null> {
  return answerOrNull(client.get(`/props?model=${encodeURIComponent(model)}&autoload=false`));
}

function residentOf(resident: Resident, { sizeBytes, contextLength }: Model): Resident {
  return knownOnly<Resident>({ ...resident, sizeBytes, contextLength });
}

/** `n_ctx` is the context of one slot. */
function withProperties(model: Model, properties: JsonObject | null, before?: Model): Model {
  const told = properties === null ? undefined : countField(objectField(properties, 'default_generation_settings'), 'n_ctx') || undefined;
  return knownOnly<Model>({
    ...model,
    sizeBytes: model.sizeBytes ?? before?.sizeBytes,
    contextLength: told ?? before?.contextLength ?? model.contextLength,
    capabilities: model.capabilities ?? capabilitiesIn(properties) ?? before?.capabilities,
    parameterSize: model.parameterSize ?? before?.parameterSize,
  });
}

/** Undefined when it does not tell what it can read. */
function capabilitiesIn(properties: JsonObject | null): readonly Capability[] | undefined {
  if (properties === null || !isObject(properties['modalities'])) return undefined;
  const tools = objectField(properties, 'chat_template_caps')['supports_tools'] !== false;
  return ['chat', ...(tools ? (['tools'] as const) : []), ...(properties['modalities']['vision'] === true ? (['vision'] as const) : [])];
}

/** What the row and the name say beside. */
function withWords(model: Model): Model {
  const parameters = countField(objectField(model.row ?? {}, 'meta'), 'n_params');
  return knownOnly<Model>({ ...model, quantization: quantizationIn(model.name), parameterSize: parameters === undefined ? undefined : sizeInWords(parameters) });
}

/** Resolves when the server has taken it on; loading itself goes on behind that, and `/v1/models` tells how far. */
async function manage(client: ProbeClient, act: 'load' | 'unload', model: string, done: RegExp): Promise<void> {
  try {
    await client.post(`/models/${act}`, { model });
  } catch (error) {
    if (error instanceof RouterError && done.test(error.message)) return;
    throw error;
  }
}
