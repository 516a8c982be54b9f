/** Finds names: what begins with the text comes first, then what has a word that does, then what holds it anywhere. Pure. */
import type { Place } from './url-state.ts';

export interface SearchEntry {
  readonly kind: string;
  readonly name: string;
  readonly place: Place;
}

export function matching(entries: readonly SearchEntry[], text: string): readonly SearchEntry[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return entries.filter((entry) => entry.kind !== 'request');
  const ranks = entries.map((entry) => ({ entry, rank: rankOf(entry.name.toLowerCase(), wanted) })).filter(({ rank }) => rank < 3);
  return ranks.sort((a, b) => a.rank - b.rank).map(({ entry }) => entry);
}

function rankOf(name: string, wanted: string): number {
  const at = name.indexOf(wanted);
  if (at === 0) return 0;
  if (at > 0 && /[^a-z0-9]/.test(name[at - 1] ?? '')) return 1;
  return at > 0 ? 2 : 3;
}
