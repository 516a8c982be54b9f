/** Reads fields out of JSON whose shape is not known. */

import { isObject, type JsonObject } from '../util/json-object.ts';

/** The object under a key; an empty one when there is none. */
export function objectField(from: JsonObject, key: string): JsonObject {
  const value = from[key];
  return isObject(value) ? value : {};
}

/** The objects in a list; anything else in it is skipped. */
export function objectsField(from: JsonObject, key: string): readonly JsonObject[] {
  const value = from[key];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A text that is not empty. */
export function textField(from: JsonObject, key: string): string | undefined {
  const value = from[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A number that is finite and not negative. */
export function countField(from: JsonObject, key: string): number | undefined {
  const value = from[key];
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** The same fields without those that are undefined: what is unknown is absent. */
export function knownOnly<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** The value of a JSON text; undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
