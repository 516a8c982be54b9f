/** Any server with an OpenAI-compatible API: vLLM, SGLang, LM Studio, a cloud's address and others. */
import type { BackendReport } from '../core/fleet.ts';
import type { BackendKind, BackendSettings, ProbeClient } from './backend.ts';
import { openAiAddress } from './openai-address.ts';
import { listedRows, modelsFromRows } from './openai-rows.ts';
import { withLlamaServer, withLmStudio, withEngineOwner, withLoadedRows, isLlamaServer, isLmStudio, isEngine, modelState } from './openai-servers.ts';
import { answerOrNull } from './optional-answer.ts';
import { readUpstreamError } from './read-upstream-error.ts';
import { sameModels } from './same-models.ts';
import { isObject, type JsonObject } from '../util/json-object.ts';

export const backend: BackendKind = {
  kind: 'openai',
  label: 'OpenAI-compatible',
  speaks: ['openai-chat', 'openai-completions', 'openai-embeddings', 'rerank', 'openai-images', 'openai-speech', 'openai-transcriptions', 'fleet-embed-image'],
  usualAddresses: [
    { name: 'LM Studio', url: 'http://127.0.0.1:1234' },
    { name: 'vLLM', url: 'http://127.0.0.1:8000' },
    { name: 'LocalAI', url: 'http://127.0.0.1:8080' },
  ],
  urlFor: openAiAddress,
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
  const report = await refine({ models: modelsFromRows(rows, settings, previous), resident: null }, rows, client, previous);
  return { ...report, models: sameModels(report.models, previous) };
}

/** What only some servers tell is asked of those that look like them, and of any once: an unknown address is a line in their log. */
async function refine(listed: BackendReport, rows: readonly JsonObject[], client: ProbeClient, previous: BackendReport | null): Promise<BackendReport> {
  if (rows.some(isEngine)) return withEngineOwner(listed, await answerOrNull(client.get('/version')));
  if (listed.models.some((model) => modelState(model) !== undefined)) return withLoadedRows(listed);
  const [properties, details] = await Promise.all([
    previous === null || rows.some(isLlamaServer) ? answerOrNull(client.get('/props')) : null,
    previous === null || rows.some(isLmStudio) || previous.models.some((model) => 'state' in (model.row ?? {})) ? answerOrNull(client.get('/api/v0/models')) : null,
  ]);
  if (properties && isObject(properties['default_generation_settings'])) return withLlamaServer(listed, properties);
  return details && Array.isArray(details['data']) ? withLmStudio(listed, details) : listed;
}
