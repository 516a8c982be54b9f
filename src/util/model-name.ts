/** One key per model, however its name is written. */

/** The key under which limits, residency and counters are kept: `m` and `m:latest` are the same model. */
export function modelKey(name: string): string {
  return name.endsWith(':latest') ? name.slice(0, -':latest'.length) : name;
}

export function sameModel(a: string, b: string): boolean {
  return a === b || modelKey(a) === modelKey(b);
}
