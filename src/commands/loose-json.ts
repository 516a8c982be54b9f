/** Reads answers whose shape is not certain: an older router may answer, or another program. Pure. */
import { isObject, type JsonObject } from '../util/json-object.ts';

export type Fields = JsonObject;

/** Null for everything that is not an object. */
export function fieldsOf(value: unknown): Fields | null {
  return isObject(value) ? value : null;
}

/** The objects of a list; nothing for everything else. */
export function rowsOf(value: unknown): readonly Fields[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  return items.map(fieldsOf).filter((item) => item !== null);
}

/** A text or a number as text, fit for a terminal; empty for everything else. */
export function textOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  // A name that carries control characters must not steer the terminal.
  return typeof value === 'string' ? value.replace(/\p{Cc}+/gu, ' ') : '';
}

export function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
