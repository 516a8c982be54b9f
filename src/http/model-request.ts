/** Reads what a caller wants done to models from a body in Ollama's form, with the router's own fields for where. Pure. */
import { RouterError } from '../core/errors.ts';
import type { ModelAction, ModelRequest, ModelTargets } from '../fleet/fleet.ts';
import { spliceTopLevel } from '../util/json-splice.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface Asked {
  /** Empty: everything is in the query. */
  readonly body: string;
  readonly query: URLSearchParams;
  /** The header `X-OAR-Backend`. */
  readonly wanted: string | undefined;
}

/** What the backends shall not see. */
const ownFields = ['targets', 'backend', 'node_id', 'router'];

/** Throws `invalid_request` naming the field. The body goes on as it is, without the router's own fields. */
export function readModelRequest(action: ModelAction, { body, query, wanted }: Asked): ModelRequest {
  const text = body.trim() === '' ? '{}' : body;
  const fields = parse(text);
  const copy = action === 'copy';
  const model = nameIn(fields, query, copy ? ['source'] : ['model', 'name']);
  const destination = copy ? nameIn(fields, query, ['destination']) : null;
  const edits = new Map<string, string | null>(ownFields.map((name) => [name, null]));
  for (const name of [model, destination]) if (name?.fromQuery === true) edits.set(name.field, JSON.stringify(name.text));
  return {
    action,
    model: model.text,
    ...(destination === null ? {} : { destination: destination.text }),
    ...(action === 'create' && typeof fields['from'] === 'string' && fields['from'] !== '' ? { from: fields['from'] } : {}),
    blobs: action === 'create' ? [...digestsIn(fields['files']), ...digestsIn(fields['adapters'])] : [],
    stream: fields['stream'] !== false,
    targets: readTargets(fields, query, wanted),
    body: spliceTopLevel(text, edits),
  };
}

/** From the header, which is strict, else the body, else the query. */
export function readTargets(fields: Fields, query: URLSearchParams, wanted: string | undefined): ModelTargets {
  if (wanted !== undefined && wanted !== '') return { kind: 'one', name: wanted, param: 'X-OAR-Backend' };
  const listed = fields['targets'] ?? query.get('targets')?.split(',') ?? undefined;
  if (listed !== undefined) return severalIn(listed);
  for (const param of ['backend', 'node_id']) {
    const name = fields[param] ?? query.get(param) ?? undefined;
    if (name === undefined || name === '') continue;
    if (typeof name !== 'string') throw wrong(param, 'the id of a backend, as a text');
    return { kind: 'one', name, param };
  }
  return { kind: 'choice' };
}

function severalIn(listed: unknown): ModelTargets {
  if (listed === 'all' || (Array.isArray(listed) && listed.length === 1 && listed[0] === 'all')) return { kind: 'all' };
  const isList = Array.isArray(listed) && listed.length > 0 && listed.every((name) => typeof name === 'string' && name !== '');
  if (!isList) throw wrong('targets', 'a list of ids of backends, or "all"');
  return { kind: 'several', names: listed as readonly string[], param: 'targets' };
}

function parse(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RouterError('invalid_request', `The body is not valid JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RouterError('invalid_request', 'The body must be a JSON object.');
  return value as Fields;
}

interface Name {
  readonly field: string;
  readonly text: string;
  readonly fromQuery: boolean;
}

/** The first of the fields that says something. */
function nameIn(fields: Fields, query: URLSearchParams, names: readonly string[]): Name {
  const [field = ''] = names;
  for (const name of names) {
    const text = fields[name] ?? '';
    if (typeof text !== 'string') throw wrong(name, 'a text');
    if (text !== '') return { field: name, text, fromQuery: false };
  }
  const text = names.map((name) => query.get(name)).find((one) => one);
  if (text) return { field, text, fromQuery: true };
  throw new RouterError('invalid_request', `\`${field}\` is required.`, { param: field });
}

/** `{"model.gguf": "sha256:…"}`. */
function digestsIn(files: unknown): readonly string[] {
  if (typeof files !== 'object' || files === null) return [];
  return Object.values(files).filter((digest) => typeof digest === 'string' && isDigest(digest));
}

/** As Ollama takes them; anything else could name another file of its machine. */
export function isDigest(text: string): boolean {
  return /^sha256[:-][0-9a-fA-F]{64}$/.test(text);
}

function wrong(param: string, expected: string): RouterError {
  return new RouterError('invalid_request', `\`${param}\` must be ${expected}.`, { param });
}
