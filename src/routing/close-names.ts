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
  const most = Math.max(1, Math.floor(Math.max(wanted.length, name.length) / 3));
  const edits = editDistance(wanted, name, most);
  if (edits <= most) return edits;
  const family = wanted.split(':', 1)[0] ?? '';
  const holds = (family.length >= 3 && name.includes(family)) || (name.length >= 3 && wanted.includes(name));
  return holds ? 100 + editDistance(wanted, name, longestCompared) : null;
}

const row = new Uint8Array(longestCompared + 1);

/** Levenshtein's distance, one row at a time; some number above `most` as soon as it cannot be less. A fleet may list ten thousand names. */
function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  for (let j = 0; j <= b.length; j++) row[j] = j;
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0] ?? 0;
    let smallest = i;
    let left = i;
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j] ?? 0;
      left = Math.min(above + 1, left + 1, diagonal + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1));
      row[j] = left;
      diagonal = above;
      if (left < smallest) smallest = left;
    }
    if (smallest > most) return most + 1;
  }
  return row[b.length] ?? 0;
}
