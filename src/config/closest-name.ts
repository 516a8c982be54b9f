/** Finds the name that was probably meant. Pure. */

/** Case, `_` and `-` do not matter: `base_url` is `baseUrl`. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '');
}

/** The closest of the names, when it is close enough to be a slip of the keyboard; else null. */
export function closestName(name: string, names: readonly string[]): string | null {
  const wanted = plainName(name);
  // Of two letters, one slip leaves nothing in common.
  const allowed = wanted.length < 3 ? 0 : Math.max(1, Math.floor(wanted.length / 3));
  let best: string | null = null;
  let bestDistance = allowed + 1;
  for (const candidate of names) {
    const distance = editDistance(wanted, plainName(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein, where two letters that changed places count once: the fewest slips from one to the other. */
export function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current.push(Math.min(at(row - 1, column - 1) + (same ? 0 : 1), at(row - 1, column) + 1, at(row, column - 1) + 1, swapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY));
    }
  }
  return at(from.length, to.length);
}
