/** Rows of `/v1/models` as models. */
import { RouterError } from '../core/errors.ts';
import type { BackendReport, Model } from '../core/fleet.ts';
import { capabilitiesByName } from '../util/model-abilities.ts';
import { capabilitiesIn } from './row-capabilities.ts';
import type { BackendSettings, ProbeClient } from './backend.ts';
import { countField, knownOnly, objectField, objectsField, textField } from './json-fields.ts';
import { optionalAnswer } from './optional-answer.ts';
import { isObject, type JsonObject } from '../util/json-object.ts';

/** A server that cannot list is not asked for more than to answer, when its models are configured. */
export async function listedRows(client: ProbeClient, settings: BackendSettings): Promise<readonly JsonObject[]> {
  const asked = client.get('/v1/models');
  const list = settings.models.length > 0 ? await optionalAnswer(asked) : await asked;
  if (list === null) return [];
  if (!isObject(list) || !Array.isArray(list['data'])) {
    throw new RouterError('backend_protocol', `Backend ${settings.id} does not list models like the OpenAI API does; check its \`url\` and \`kind\`.`, { backend: settings.id });
  }
  return objectsField(list, 'data');
}

/** The listed models, and the configured ones that are not listed. */
export function modelsFromRows(rows: readonly JsonObject[], settings: BackendSettings, previous: BackendReport | null): readonly Model[] {
  const before = new Map(previous?.models.map((model) => [model.name, model.row]));
  const models = rows.flatMap((row) => modelFromRow(row, before) ?? []);
  const unlisted = settings.models.filter((name) => !models.some((model) => model.name === name));
  return [...models, ...unlisted.map((name) => modelNamed(name))].map((model) => withTold(model, settings));
}

/** What the operator says of a model holds before everything else. */
function withTold(model: Model, { capabilities = {} }: BackendSettings): Model {
  const told = Object.hasOwn(capabilities, model.name) ? capabilities[model.name] : undefined;
  return told === undefined ? model : { ...model, capabilities: told };
}

function modelFromRow(row: JsonObject, before: ReadonlyMap<string, JsonObject | undefined>): Model | null {
  const name = textField(row, 'id');
  if (name === undefined) return null;
  const meta = objectField(row, 'meta');
  return knownOnly<Model>({
    ...modelNamed(name),
    ...capabilitiesIn(row),
    sizeBytes: countField(meta, 'size'),
    contextLength: countField(row, 'max_model_len') ?? countField(row, 'context_length') ?? countField(row, 'context_window') ?? countField(row, 'max_context_length') ?? countField(meta, 'n_ctx_train'),
    ownedBy: textField(row, 'owned_by'),
    row: lastingRow(row, before.get(name)),
  });
}

/**
 * Without what must not be shown (a llama-server's command line may hold its key, its paths tell of the machine), and
 * without what is new with each answer: several servers say that a model was created just now, and permit it by a random id.
 */
function lastingRow({ permission: _permission, path: _path, status, ...row }: JsonObject, before: JsonObject | undefined): JsonObject {
  const { value, failed, exit_code: exitCode } = isObject(status) ? status : {};
  return {
    ...row,
    ...(typeof before?.['created'] === 'number' ? { created: before['created'] } : {}),
    ...(isObject(status) ? { status: knownOnly({ value, failed, exit_code: exitCode }) } : {}),
  };
}

function modelNamed(name: string): Model {
  return knownOnly<Model>({ name, capabilities: capabilitiesByName(name) });
}
