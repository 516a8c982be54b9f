/** One key per model, however its name is written. */
import { matchesPattern } from './name-patterns.ts';

/** The key under which limits, residency and counters are kept: `m` and `m:latest` are the same model. */
export function modelKey(name: string): string {
  return name.endsWith(':latest') ? name.slice(0, -':latest'.length) : name;
}

export function sameModel(a: string, b: string): boolean {
  return a === b || modelKey(a) === modelKey(b);
}

/** May whoever is held to these names ask for the model? A name may hold `*`; absent: any model. */
export function mayUse(allowed: readonly string[] | undefined, name: string): boolean {
  if (allowed === undefined) return true;
  const key = modelKey(name);
  return allowed.some((pattern) => matchesPattern(key, modelKey(pattern)) || matchesPattern(`${key}:latest`, pattern));
}

/** llama.cpp's `org/Name-GGUF:Q4_K_M` without its organisation, without its quantisation, and without both; only those that differ. */
export function shortNames(name: string): readonly string[] {
  const start = name.lastIndexOf('/') + 1;
  const colon = name.lastIndexOf(':');
  const end = colon > start ? colon : name.length;
  const forms = new Set([name.slice(start), name.slice(0, end), name.slice(start, end)]);
  forms.delete(name);
  forms.delete('');
  return [...forms];
}
