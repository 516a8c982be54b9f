/** Finds empty objects that stand where a chat request wants a list: Lua cannot tell the two apart (contract agent-router part 6.3). */
import type { JsonEdit, JsonPath } from '../util/json-edit.ts';
import type { Fields } from './read-fields.ts';
import { isObject } from '../util/json-object.ts';

/** Whatever is nested deeper is no schema that anybody wrote. */
const deepest = 64;

/** What makes an OpenAI chat request say `[]` there instead. */
export function emptyListEdits(request: Fields): readonly JsonEdit[] {
  const edits: JsonEdit[] = [];
  mend(request, [], ['messages', 'tools', 'functions', 'stop', 'modalities'], edits);
  for (const [message, at] of objectsIn(request, 'messages')) mend(message, at, ['content', 'tool_calls'], edits);
  for (const [tool, at] of objectsIn(request, 'tools')) {
    if (isObject(tool.function)) mendSchema(tool.function.parameters, [...at, 'function', 'parameters'], edits);
  }
  for (const [named, at] of objectsIn(request, 'functions')) mendSchema(named.parameters, [...at, 'parameters'], edits);
  const format = request.response_format;
  if (isObject(format)) {
    mendSchema(format.schema, ['response_format', 'schema'], edits);
    if (isObject(format.json_schema)) mendSchema(format.json_schema.schema, ['response_format', 'json_schema', 'schema'], edits);
  }
  return edits;
}

const schemaLists = ['required', 'enum', 'examples', 'type', 'allOf', 'anyOf', 'oneOf', 'prefixItems'];
/** Keywords whose members are schemas, whatever they are called. */
const schemaMaps = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];
const schemasWithin = ['items', 'additionalProperties', 'contains', 'propertyNames', 'not', 'if', 'then', 'else'];
const listsOfSchemas = ['items', 'allOf', 'anyOf', 'oneOf', 'prefixItems'];

/** JSON Schema, section by section: a property may be called `required`, and its schema may well be empty. */
function mendSchema(schema: unknown, at: JsonPath, edits: JsonEdit[]): void {
  if (!isObject(schema) || at.length > deepest) return;
  mend(schema, at, schemaLists, edits);
  for (const key of schemaMaps) {
    const map = own(schema, key);
    if (isObject(map)) for (const name of Object.keys(map)) mendSchema(map[name], [...at, key, name], edits);
  }
  for (const key of schemasWithin) mendSchema(own(schema, key), [...at, key], edits);
  for (const key of listsOfSchemas) {
    for (const [one, below] of objectsIn(schema, key, at)) mendSchema(one, below, edits);
  }
}

function mend(object: Fields, at: JsonPath, keys: readonly string[], edits: JsonEdit[]): void {
  for (const key of keys) {
    const value = own(object, key);
    if (isObject(value) && Object.keys(value).length === 0) edits.push({ path: [...at, key], change: { kind: 'set', value: [] } });
  }
}

/** The objects of a list, each with its path. */
function objectsIn(object: Fields, key: string, at: JsonPath = []): readonly (readonly [Fields, JsonPath])[] {
  const list = own(object, key);
  if (!Array.isArray(list)) return [];
  return (list as readonly unknown[]).flatMap((one, position) => (isObject(one) ? [[one, [...at, key, position]] as const] : []));
}

function own(object: Fields, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
