/** Finds the known names that a mistyped one most likely meant. */

const longestCompared = 80;

/** At most `limit` of `names`, the nearest first; those that have little in common with `asked` are left out. */
export function closeNames(asked: string, names: Iterable<string>, limit = 5): readonly string[] {
  const wanted = asked.slice(0, longestCompared).toLowerCase();
  const scored: { readonly name: string; readonly distance: number }[] = [];
  for (const name of new Set(names)) {
    const distance = nameDistance(wanted, name.slice(0, longestCompared).toLowerCase());
    if (distance !== null) scored.push({ name, distance });
  }
  return scored
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
    .map((one) => one.name);
}

/** Null when the two are not alike. A name that begins with or holds the other counts as near. */
function nameDistance(wanted: string, name: string): number | null {
  const edits = editDistance(wanted, name);
  if (edits <= Math.max(1, Math.floor(Math.max(wanted.length, name.length) / 3))) return edits;
  const family = wanted.split(':')[0] ?? '';
  if (family.length >= 3 && name.includes(family)) return 100 + edits;
  if (name.length >= 3 && wanted.includes(name)) return 100 + edits;
  return null;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, change));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
