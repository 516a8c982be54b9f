/** Rewrites a JSON schema into the subset that a grammar can hold a model to. */
import { isObject, type JsonObject } from '../../util/json-object.ts';

export interface GrammarSchema {
  readonly schema: unknown;
  /** Keywords that had to be left out, with their places: `properties.age.minimum`. The grammar is looser by these. */
  readonly dropped: readonly string[];
}

const everywhere = ['allOf', 'not', 'if', 'dependentSchemas'];
/** Constraints on each type of value that no grammar here can hold. Keywords for other types say nothing about it. */
const unheld: Readonly<Record<string, readonly string[]>> = {
  object: ['patternProperties', 'propertyNames', 'dependentRequired'],
  array: ['uniqueItems', 'contains'],
  string: ['pattern', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
};
const besideChoices = ['properties', 'items', 'enum', 'const'];
const formats = new Set(['date-time', 'time', 'date']);
const anyScalar = ['string', 'number', 'boolean', 'null'];
const anyValue = { oneOf: [{ type: anyScalar }, { type: 'object', additionalProperties: true }, { type: 'array' }] };

/** Never throws; a part that is no schema at all becomes "any value". All listed properties become required, which a schema allows. */
export function grammarSchema(schema: unknown): GrammarSchema {
  const dropped: string[] = [];
  return { schema: convert(schema, '', dropped), dropped };
}

function convert(schema: unknown, path: string, dropped: string[]): unknown {
  if (!isObject(schema)) {
    if (schema === false) dropped.push(path || 'false');
    return anyValue;
  }
  const definitions = isObject(schema.$defs) ? schema.$defs : schema.definitions;
  const own = isObject(definitions) ? { $defs: mapFields(definitions, (value, name) => convert(value, `${path}$defs.${name}.`, dropped)) } : {};
  const body = convertBody(schema, path, dropped);
  return { ...body, ...own };
}

function convertBody(schema: JsonObject, path: string, dropped: string[]): JsonObject {
  if (typeof schema.$ref === 'string') return reference(schema.$ref, path, dropped);
  const choices = Array.isArray(schema.anyOf) ? schema.anyOf : schema.oneOf;
  if (Array.isArray(choices) && choices.length > 0) {
    note(schema, [...everywhere, ...besideChoices], path, dropped);
    return { oneOf: (choices as unknown[]).map((choice, index) => convert(choice, `${path}anyOf.${index}.`, dropped)) };
  }
  if (Array.isArray(schema.allOf) && schema.allOf.length === 1) {
    note(schema, [...besideChoices, 'not', 'if'], path, dropped);
    return convert(schema.allOf[0], path, dropped) as JsonObject;
  }
  if ('const' in schema || Array.isArray(schema.enum)) return literal(schema, path, dropped);
  note(schema, everywhere, path, dropped);
  const types = Array.isArray(schema.type) ? (schema.type as unknown[]) : [schema.type ?? impliedType(schema)];
  if (types.length === 1) return ofType(types[0], schema, path, dropped);
  return { oneOf: types.map((type) => ofType(type, schema, path, dropped)) };
}

function reference(target: string, path: string, dropped: string[]): JsonObject {
  const name = /^#\/(?:\$defs|definitions)\/([^/]+)$/.exec(target)?.[1];
  if (name !== undefined) return { $ref: `#/$defs/${name}` };
  dropped.push(`${path}$ref`);
  return anyValue;
}

function literal(schema: JsonObject, path: string, dropped: string[]): JsonObject {
  const values = 'const' in schema ? [schema.const] : (schema.enum as unknown[]);
  note(schema, everywhere, path, dropped);
  if (values.some((value) => typeof value === 'object' && value !== null)) {
    dropped.push(`${path}enum`);
    return anyValue;
  }
  return { enum: values };
}

function ofType(type: unknown, schema: JsonObject, path: string, dropped: string[]): JsonObject {
  if (typeof type === 'string') note(schema, (unheld[type] ?? []).filter((key) => !isHeld(key, schema[key])), path, dropped);
  if (type === 'object') return object(schema, path, dropped);
  if (type === 'array') return array(schema, path, dropped);
  if (type === 'string') return { type, ...(isHeld('format', schema.format) ? { format: schema.format } : pick(schema, ['minLength', 'maxLength'])) };
  if (type === 'integer' || type === 'number' || type === 'boolean' || type === 'null') return { type };
  return anyValue;
}

/** Some values of a keyword are held, or ask for nothing. */
function isHeld(key: string, value: unknown): boolean {
  if (key === 'format') return typeof value === 'string' && formats.has(value);
  if (key === 'uniqueItems') return value === false;
  return typeof value === 'number' && Math.abs(value) >= Number.MAX_SAFE_INTEGER;
}

function object(schema: JsonObject, path: string, dropped: string[]): JsonObject {
  const { properties, additionalProperties } = schema;
  // Keys beyond the listed ones are never needed to satisfy a schema, and small models run wild with them.
  if (isObject(properties)) return { type: 'object', properties: mapFields(properties, (value, name) => convert(value, `${path}properties.${name}.`, dropped)) };
  if (additionalProperties === false) return { type: 'object' };
  const values = isObject(additionalProperties) ? convert(additionalProperties, `${path}additionalProperties.`, dropped) : true;
  return { type: 'object', additionalProperties: values, ...pick(schema, ['minProperties', 'maxProperties']) };
}

function array(schema: JsonObject, path: string, dropped: string[]): JsonObject {
  const items = isObject(schema.items) ? { items: convert(schema.items, `${path}items.`, dropped) } : {};
  const prefixItems = Array.isArray(schema.prefixItems) ? { prefixItems: schema.prefixItems.map((item, index) => convert(item, `${path}prefixItems.${index}.`, dropped)) } : {};
  return { type: 'array', ...items, ...prefixItems, ...pick(schema, ['minItems', 'maxItems']) };
}

function impliedType(schema: JsonObject): string | undefined {
  if ('properties' in schema || 'additionalProperties' in schema) return 'object';
  return 'items' in schema || 'prefixItems' in schema ? 'array' : undefined;
}

function note(schema: JsonObject, keys: readonly string[], path: string, dropped: string[]): void {
  for (const key of keys) if (schema[key] !== undefined) dropped.push(`${path}${key}`);
}

function pick(schema: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.filter((name) => typeof schema[name] === 'number').map((name) => [name, schema[name]]));
}

function mapFields(fields: JsonObject, change: (value: unknown, name: string) => unknown): JsonObject {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, change(value, name)]));
}
