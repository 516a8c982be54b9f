/** Rows of the Anthropic API's list of models. */
import type { Capability, Model } from '../core/fleet.ts';
import { isEmbeddingName } from '../util/embedding-model.ts';
import { countField, knownOnly, objectField, textField } from './json-fields.ts';
import { isObject, type JsonObject } from '../util/json-object.ts';

/** Null for what has no name. */
export function anthropicModel(row: JsonObject): Model | null {
  const name = textField(row, 'id');
  if (name === undefined) return null;
  return knownOnly<Model>({
    name,
    capabilities: capabilitiesOf(name, row['capabilities']),
    contextLength: countField(row, 'max_input_tokens') || undefined,
    modifiedAt: textField(row, 'created_at'),
    row,
  });
}

/** Configured models that the server does not list. */
export function modelsByName(names: readonly string[], listed: readonly JsonObject[]): readonly Model[] {
  const known = new Set(listed.map((row) => textField(row, 'id')));
  return names.filter((name) => !known.has(name)).map((name) => knownOnly<Model>({ name, capabilities: capabilitiesOf(name, undefined) }));
}

/** Servers that say nothing of it are taken at their models' names: every Claude takes tools and sees. */
function capabilitiesOf(name: string, told: unknown): readonly Capability[] | undefined {
  if (isObject(told)) {
    const can = (feature: string): boolean => objectField(told, feature)['supported'] === true;
    return ['chat', 'tools', ...(can('image_input') ? (['vision'] as const) : []), ...(can('thinking') ? (['thinking'] as const) : [])];
  }
  if (isEmbeddingName(name)) return ['embedding'];
  return /^claude/i.test(name) ? ['chat', 'tools', 'vision'] : undefined;
}
