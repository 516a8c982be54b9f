/** Anthropic's own address, and servers that speak the Anthropic API. */
import { RouterError } from '../core/errors.ts';
import type { BackendReport } from '../core/fleet.ts';
import { anthropicModel, modelsByName } from './anthropic-models.ts';
import { joinAddress } from './backend-address.ts';
import type { BackendKind, BackendSettings, ProbeClient } from './backend.ts';
import { objectsField, textField } from './json-fields.ts';
import { readUpstreamError } from './read-upstream-error.ts';
import { sameModels } from './same-models.ts';
import { isObject, type JsonObject } from '../util/json-object.ts';

/** What requests are written for; `headers` of a backend may name another version, and features (`anthropic-beta`). */
const version = '2023-06-01';
const pageSize = 1000;
/** More than any catalogue has; a server that always tells of one page more would be asked for ever. */
const mostPages = 20;
/** What the API answers with when it is busy, beside 429 and 503. */
const overloaded = 529;

export const backend: BackendKind = {
  kind: 'anthropic',
  label: 'Anthropic',
  speaks: ['anthropic-messages'],
  usualAddresses: [],
  headersFor: ({ apiKey }) => ({ 'anthropic-version': version, ...(apiKey ? { 'x-api-key': apiKey } : {}) }),
  urlFor: (settings, path) => joinAddress(settings.url.replace(/\/v1\/*$/, ''), path),
  detect,
  probe,
  readError: (status, body, settings) => readUpstreamError(status === overloaded ? 503 : status, body, settings),
};

/** Its list looks like OpenAI's, but says whether there is more of it. */
async function detect(client: ProbeClient): Promise<boolean> {
  try {
    const list = await client.get('/v1/models');
    return isPage(list) && typeof list['has_more'] === 'boolean' && objectsField(list, 'data').every((row) => row['type'] === 'model');
  } catch {
    return false;
  }
}

async function probe(client: ProbeClient, settings: BackendSettings, previous: BackendReport | null): Promise<BackendReport> {
  const rows = await listedRows(client, settings);
  return { models: sameModels([...rows.flatMap((row) => anthropicModel(row) ?? []), ...modelsByName(settings.models, rows)], previous), resident: null };
}

/** A server that cannot list is not asked for more than to answer, when its models are configured. */
async function listedRows(client: ProbeClient, settings: BackendSettings): Promise<readonly JsonObject[]> {
  const rows: JsonObject[] = [];
  let after = '';
  for (let pages = 0; pages < mostPages; pages += 1) {
    const page = await client.get(`/v1/models?limit=${pageSize}${after}`).catch((error: unknown) => missing(error, settings));
    if (page === null) return rows;
    if (!isPage(page)) {
      throw new RouterError('backend_protocol', `Backend ${settings.id} does not list models like the Anthropic API does; check its \`url\` and \`kind\`.`, { backend: settings.id });
    }
    rows.push(...objectsField(page, 'data'));
    const last = textField(page, 'last_id');
    if (page['has_more'] !== true || last === undefined) break;
    after = `&after_id=${encodeURIComponent(last)}`;
  }
  return rows;
}

/** Null where the server has no list and need not have one. A refused key is told, since with it nothing else works either. */
function missing(error: unknown, { models }: BackendSettings): null {
  const answered = error instanceof RouterError && (error.code === 'backend_failed' || error.code === 'backend_rejected') && error.details.upstreamType !== 'authentication_error';
  if (!answered || models.length === 0) throw error;
  return null;
}

function isPage(value: unknown): value is JsonObject {
  return isObject(value) && Array.isArray(value['data']);
}
