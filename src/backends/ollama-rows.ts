/** Rows of Ollama's lists (`/api/tags`, `/api/ps`) and its `/api/show` as models. */
import type { Capability, Model, Resident } from '../core/fleet.ts';
import { capabilitiesByName } from '../util/model-abilities.ts';
import { countField, knownOnly, objectField, textField } from './json-fields.ts';
import type { JsonObject } from '../util/json-object.ts';

const capabilityOf: Readonly<Record<string, Capability>> = {
  completion: 'chat',
  embedding: 'embedding',
  vision: 'vision',
  tools: 'tools',
  thinking: 'thinking',
  insert: 'insert',
  image: 'image',
};

export function rowName(row: JsonObject): string | undefined {
  return textField(row, 'name') ?? textField(row, 'model');
}

/** `show` undefined: not asked yet, or not answered. */
export function modelFromRow(name: string, row: JsonObject, show: JsonObject | undefined): Model {
  const details = objectField(row, 'details');
  const shown = show ? objectField(show, 'details') : {};
  const detail = (key: string): string | undefined => textField(details, key) ?? textField(shown, key);
  const family = detail('family');
  return knownOnly<Model>({
    name,
    sizeBytes: countField(row, 'size'),
    contextLength: show && contextLength(objectField(show, 'model_info')),
    capabilities: capabilities(show?.['capabilities'] ?? row['capabilities'], name, family),
    family,
    parameterSize: detail('parameter_size'),
    quantization: detail('quantization_level'),
    digest: textField(row, 'digest'),
    modifiedAt: textField(row, 'modified_at'),
    row,
    show: show && withoutBulk(show),
  });
}

export function residentFromRow(row: JsonObject): Resident | null {
  const name = rowName(row);
  if (name === undefined) return null;
  return knownOnly<Resident>({
    name,
    sizeBytes: countField(row, 'size'),
    vramBytes: countField(row, 'size_vram'),
    contextLength: countField(row, 'context_length'),
    expiresAt: expiry(textField(row, 'expires_at')),
    digest: textField(row, 'digest'),
    row,
  });
}

function contextLength(info: JsonObject): number | undefined {
  const architecture = textField(info, 'general.architecture');
  const key = architecture === undefined ? Object.keys(info).find((one) => one.endsWith('.context_length')) : `${architecture}.context_length`;
  return key === undefined ? undefined : countField(info, key);
}

/** Older servers do not list any; then only what never chats is told by its name. */
function capabilities(listed: unknown, name: string, family: string | undefined): readonly Capability[] | undefined {
  if (Array.isArray(listed)) return listed.flatMap((word) => (typeof word === 'string' ? (capabilityOf[word] ?? []) : []));
  return capabilitiesByName(name, family);
}

/** `keep_alive: -1` is reported as a date centuries away, a model in use by some versions as the year 1. */
function expiry(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const year = Number(/^(\d{4})-/.exec(text)?.[1]);
  return year > 1970 && year < 2200 ? text : undefined;
}

/** Licences run to tens of kilobytes a model, tensors to thousands of rows. */
function withoutBulk({ license: _license, tensors: _tensors, ...rest }: JsonObject): JsonObject {
  const modelfile = rest['modelfile'];
  if (typeof modelfile !== 'string') return rest;
  return { ...rest, modelfile: modelfile.replace(/^LICENSE (?:"""[\s\S]*?"""|.*)\n?/gm, '') };
}
