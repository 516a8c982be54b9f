/** Ollama: its native API for lists and residency, both its APIs for work. */
import { RouterError } from '../core/errors.ts';
import type { BackendReport, Model } from '../core/fleet.ts';
import { joinAddress } from './backend-address.ts';
import type { BackendKind, BackendSettings, ProbeClient } from './backend.ts';
import { objectsField, textField } from './json-fields.ts';
import { modelFromRow, residentFromRow, rowName } from './ollama-rows.ts';
import { movedPath } from './openai-address.ts';
import { answerOrNull, optionalAnswer } from './optional-answer.ts';
import { readUpstreamError } from './read-upstream-error.ts';
import { sameModels } from './same-models.ts';
import { isObject, type JsonObject } from '../util/json-object.ts';

/** Details asked for in one probe; a longer list is completed by the next ones, so that no probe runs out of time. */
const detailsPerProbe = 16;
/** Questions under way at once. */
const detailsAtOnce = 4;

export const backend: BackendKind = {
  kind: 'ollama',
  label: 'Ollama',
  speaks: ['openai-chat', 'ollama-chat', 'ollama-generate', 'openai-completions', 'openai-embeddings', 'ollama-embed', 'ollama-embeddings', 'ollama-images'],
  local: true,
  usualAddresses: [{ name: 'Ollama', url: 'http://127.0.0.1:11434' }],
  urlFor: (settings, path) => joinAddress(settings.url, serverPath(settings, path)),
  detect,
  probe,
  readError: readUpstreamError,
};

function serverPath({ paths }: BackendSettings, path: string): string {
  if (path.startsWith('/api/')) return `${(paths?.native ?? '/api').replace(/\/+$/, '')}${path.slice('/api'.length)}`;
  return movedPath(path, paths?.openAi);
}

/** llama-server also answers `/api/tags`, but with OpenAI's `data` in it. */
async function detect(client: ProbeClient): Promise<boolean> {
  try {
    const version = await optionalAnswer(client.get('/api/version'));
    if (version) return textField(version, 'version') !== undefined;
    const tags = await optionalAnswer(client.get('/api/tags'));
    return tags !== null && Array.isArray(tags['models']) && !('data' in tags);
  } catch {
    return false;
  }
}

async function probe(client: ProbeClient, settings: BackendSettings, previous: BackendReport | null): Promise<BackendReport> {
  const [tags, running, version] = await Promise.all([settled(client.get('/api/tags')), answerOrNull(client.get('/api/ps')), answerOrNull(client.get('/api/version'))]);
  const models = await modelsOf(client, settings, tags, running ?? version, previous);
  const versionText = version ? textField(version, 'version') : previous?.version;
  return {
    ...(versionText === undefined ? {} : { version: versionText }),
    models: sameModels([...models, ...settings.models.filter((name) => !models.some((model) => model.name === name)).map((name) => ({ name }))], previous),
    resident: running ? objectsField(running, 'models').flatMap((row) => residentFromRow(row) ?? []) : null,
  };
}

type Settled = { readonly value: unknown } | { readonly error: unknown };

async function settled(asked: Promise<unknown>): Promise<Settled> {
  try {
    return { value: await asked };
  } catch (error) {
    return { error };
  }
}

/** A list that hangs while the server answers elsewhere does not take from it what it had. */
async function modelsOf(client: ProbeClient, settings: BackendSettings, tags: Settled, alive: JsonObject | null, previous: BackendReport | null): Promise<readonly Model[]> {
  if ('error' in tags) {
    const hangs = tags.error instanceof RouterError && tags.error.code === 'backend_timeout';
    if (hangs && alive !== null && previous !== null) return previous.models;
    throw tags.error;
  }
  const list = tags.value;
  if (!isObject(list) || !('models' in list)) {
    throw new RouterError('backend_protocol', `Backend ${settings.id} does not list models like Ollama does; check its \`kind\`.`, { backend: settings.id });
  }
  return describe(client, objectsField(list, 'models'), previous);
}

/** The listed models with their details; what the previous report knows of the same weights is not asked again. */
async function describe(client: ProbeClient, rows: readonly JsonObject[], previous: BackendReport | null): Promise<readonly Model[]> {
  const known = new Map(previous?.models.map((model) => [model.name, model]));
  const models: Model[] = [];
  const unknown: (() => Promise<void>)[] = [];
  for (const row of rows) {
    const name = rowName(row);
    if (name === undefined) continue;
    const before = known.get(name);
    const same = before !== undefined && before.digest === textField(row, 'digest');
    const position = models.push(same ? reuse(before, row) : modelFromRow(name, row, undefined)) - 1;
    if (same && before.show) continue;
    unknown.push(async () => {
      const show = await settled(client.post('/api/show', { model: name }));
      if ('value' in show && isObject(show.value)) models[position] = modelFromRow(name, row, show.value);
      // What hangs once would use up the time of the whole probe.
      if ('error' in show && show.error instanceof RouterError && show.error.code === 'backend_timeout') turns.length = 0;
    });
  }
  const turns = unknown.slice(0, detailsPerProbe);
  await Promise.all(Array.from({ length: detailsAtOnce }, async () => {
    for (let next = turns.shift(); next; next = turns.shift()) await next();
  }));
  return models;
}

/** The same object when nothing changed, so that an unchanged report is seen as such. */
function reuse(before: Model, row: JsonObject): Model {
  return textField(row, 'modified_at') === before.modifiedAt ? before : modelFromRow(before.name, row, before.show);
}
