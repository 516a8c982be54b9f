/** Looks up what an alias stands for: exact names, and patterns with `*`, the longest first. */

import { matchesPattern } from '../util/name-patterns.ts';

/** Null when no alias is called so. */
export function exactAlias(asked: string, aliases: Readonly<Record<string, string>>): string | null {
  return Object.hasOwn(aliases, asked) ? (aliases[asked] ?? null) : null;
}

/** Null when no pattern fits. */
export function patternAlias(asked: string, aliases: Readonly<Record<string, string>>): string | null {
  let best: string | null = null;
  for (const pattern of Object.keys(aliases)) {
    if (pattern.includes('*') && (best === null || pattern.length > best.length) && matchesPattern(asked, pattern)) best = pattern;
  }
  return best === null ? null : (aliases[best] ?? null);
}
