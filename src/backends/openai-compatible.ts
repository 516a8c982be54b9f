/** Any server with an OpenAI-compatible API: llama-server, vLLM, SGLang, LM Studio and others. */
import { RouterError } from '../core/errors.ts';
import type { BackendReport, Model, Resident } from '../core/fleet.ts';
import { joinAddress } from './backend-address.ts';
import type { BackendKind, BackendSettings, ProbeClient } from './backend.ts';
import { isEmbeddingName } from '../util/embedding-model.ts';
import { countField, isObject, knownOnly, objectField, objectsField, textField, type JsonObject } from './json-fields.ts';
import { withLlamaServer, withLmStudio, withEngineOwner, isLlamaServer, isLmStudio, isEngine } from './openai-servers.ts';
import { optionalAnswer } from './optional-answer.ts';
import { readUpstreamError } from './read-upstream-error.ts';

export const backend: BackendKind = {
  kind: 'openai',
  label: 'OpenAI-compatible',
  speaks: ['openai-chat'],
  usualAddresses: [
    { name: 'llama-server', url: 'http://127.0.0.1:8080' },
    { name: 'LM Studio', url: 'http://127.0.0.1:1234' },
    { name: 'vLLM', url: 'http://127.0.0.1:8000' },
  ],
  urlFor: (settings, path) => joinAddress(settings.url.replace(/\/v1\/*$/, ''), path === '/v1/chat/completions' ? (settings.paths?.openAi ?? path) : path),
  detect,
  probe,
  readError: readUpstreamError,
};

async function detect(client: ProbeClient): Promise<boolean> {
  try {
    const list = await client.get('/v1/models');
    return isObject(list) && Array.isArray(list['data']);
  } catch {
    return false;
  }
}

async function probe(client: ProbeClient, settings: BackendSettings, previous: BackendReport | null): Promise<BackendReport> {
  const rows = await listedRows(client, settings);
  const models = rows.flatMap((row) => modelFromRow(row) ?? []);
  const unlisted = settings.models.filter((name) => !models.some((model) => model.name === name));
  const listed: BackendReport = { models: [...models, ...unlisted.map((name) => modelNamed(name))], resident: null };
  return refine(listed, rows, client, previous);
}

/** What only some servers tell is asked of those that look like them, and of any once: an unknown address is a line in their log. */
async function refine(listed: BackendReport, rows: readonly JsonObject[], client: ProbeClient, previous: BackendReport | null): Promise<BackendReport> {
  if (rows.some(isEngine)) return withEngineOwner(listed, await optionalAnswer(client.get('/version')));
  const [properties, details] = await Promise.all([
    previous === null || rows.some(isLlamaServer) ? optionalAnswer(client.get('/props')) : null,
    previous === null || rows.some(isLmStudio) || previous.models.some((model) => 'state' in (model.row ?? {})) ? optionalAnswer(client.get('/api/v0/models')) : null,
  ]);
  if (properties && isObject(properties['default_generation_settings'])) return withLlamaServer(listed, properties);
  if (details && Array.isArray(details['data'])) return withLmStudio(listed, details);
  return withLoadedRows(listed);
}

/** llama-server with several models says of each whether it is loaded. */
function withLoadedRows(listed: BackendReport): BackendReport {
  const stateOf = (model: Model): string | undefined => textField(objectField(model.row ?? {}, 'status'), 'value');
  if (!listed.models.some((model) => stateOf(model) !== undefined)) return listed;
  const resident: readonly Resident[] = listed.models.filter((model) => stateOf(model) === 'loaded').map(({ name }) => ({ name }));
  return { ...listed, resident };
}

/** A server that cannot list is not asked for more than to answer, when its models are configured. */
async function listedRows(client: ProbeClient, settings: BackendSettings): Promise<readonly JsonObject[]> {
  const asked = client.get('/v1/models');
  const list = settings.models.length > 0 ? await optionalAnswer(asked) : await asked;
  if (list === null) return [];
  if (!isObject(list) || !Array.isArray(list['data'])) {
    throw new RouterError('backend_protocol', `Backend ${settings.id} does not list models like the OpenAI API does; check its \`url\` and \`kind\`.`, { backend: settings.id });
  }
  return objectsField(list, 'data');
}

function modelFromRow(row: JsonObject): Model | null {
  const name = textField(row, 'id');
  if (name === undefined) return null;
  const meta = objectField(row, 'meta');
  return knownOnly<Model>({
    ...modelNamed(name),
    sizeBytes: countField(meta, 'size'),
    contextLength: countField(row, 'max_model_len') ?? countField(row, 'context_length') ?? countField(row, 'context_window') ?? countField(row, 'max_context_length') ?? countField(meta, 'n_ctx_train'),
    ownedBy: textField(row, 'owned_by'),
    row,
  });
}

function modelNamed(name: string): Model {
  return isEmbeddingName(name) ? { name, capabilities: ['embedding'] } : { name };
}
