/** Keeps what is known: values out of texts and JSON that other programs wrote, absent where they say nothing. */

/** The same fields without those that are undefined: what is unknown is absent. */
export function known<T extends object>(fields: { readonly [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** A number that is not negative, written as such or as digits; undefined for anything else, such as `N/A`. */
export function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  return typeof value === 'string' && /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : undefined;
}

/** A text that says something. */
export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' && !/^n\/a$/i.test(value.trim()) ? value.trim() : undefined;
}

/** The value of a JSON text; programs may print warnings before it. Undefined when there is none. */
export function jsonIn(output: string): unknown {
  const start = output.search(/[[{]/);
  if (start < 0) return undefined;
  try {
    return JSON.parse(output.slice(start));
  } catch {
    return undefined;
  }
}

export const bytesPerMb = 1024 * 1024;

export function mbOf(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : Math.round(bytes / bytesPerMb);
}
