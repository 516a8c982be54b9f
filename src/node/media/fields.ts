/** Reads fields of JSON that programs wrote, of which nothing is certain. */
import type { JsonObject } from '../../util/json-object.ts';

export function textIn(fields: JsonObject | null, key: string): string | undefined {
  const value = fields?.[key];
  return typeof value === 'string' ? value : undefined;
}

export function numberIn(fields: JsonObject, key: string): number | undefined {
  const value = fields[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
