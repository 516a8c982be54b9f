/** The embedded engine as a backend: a small real model in a process that the router runs itself. */
import { RouterError } from '../../core/errors.ts';
import type { BackendReport, Model } from '../../core/fleet.ts';
import { joinAddress } from '../backend-address.ts';
import type { BackendKind, BackendSettings } from '../backend.ts';
import { countField, knownOnly, objectField, objectsField, parseJson, textField } from '../json-fields.ts';
import { readUpstreamError } from '../read-upstream-error.ts';
import { isObject, type JsonObject } from '../../util/json-object.ts';

export const backend: BackendKind = {
  kind: 'embedded',
  label: 'Embedded engine',
  local: true,
  speaks: ['openai-chat'],
  usualAddresses: [],
  urlFor: (settings, path) => joinAddress(settings.url, path),
  detect: async () => false,

  async probe(client) {
    const listing = await client.get('/v1/models');
    if (!isObject(listing) || !Array.isArray(listing.data)) throw new RouterError('backend_protocol', 'The embedded engine answered /v1/models with something that is not a list of models.');
    return report(objectsField(listing, 'data').flatMap(readModel));
  },

  readError,
};

/** All that is listed is loaded, and one request is served at a time. */
function report(models: readonly Model[]): BackendReport {
  const resident = models.map(({ name, sizeBytes, contextLength }) => knownOnly({ name, sizeBytes, contextLength }));
  return { models, resident, maxConcurrent: 1 };
}

function readModel(row: JsonObject): Model[] {
  const name = textField(row, 'id');
  if (name === undefined) return [];
  const meta = objectField(row, 'meta');
  return [knownOnly({ name, sizeBytes: countField(meta, 'size'), contextLength: countField(meta, 'n_ctx'), capabilities: ['chat'] as const, ownedBy: 'embedded', row })];
}

/** The engine says itself what it cannot do; the rest is read like any server's. */
function readError(status: number, body: string, settings: BackendSettings): RouterError {
  const answer = parseJson(body);
  const error = isObject(answer) ? objectField(answer, 'error') : {};
  if (error.type !== 'unsupported_feature') return readUpstreamError(status, body, settings);
  const message = textField(error, 'message') ?? 'The embedded engine cannot do what the request asks.';
  return new RouterError('unsupported_feature', message, knownOnly({ backend: settings.id, param: textField(error, 'param') }));
}
