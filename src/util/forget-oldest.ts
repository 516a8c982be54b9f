/** Keeps what is remembered within bounds. */

/** Call it after every entry that is added: the one that was set longest ago goes as soon as there are more than `most`. */
export function forgetOldest(entries: Map<string, unknown>, most: number): void {
  if (entries.size <= most) return;
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
}

/** The same for entries that keep their place when they are used again: the one of the least rank goes. To take an entry out and put it back with each use makes a map build its table anew every few uses. */
export function forgetLeast<Value>(entries: Map<string, Value>, most: number, rankOf: (value: Value) => number): void {
  if (entries.size <= most) return;
  let least: string | undefined;
  let leastRank = Number.POSITIVE_INFINITY;
  for (const [key, value] of entries) {
    const rank = rankOf(value);
    if (rank >= leastRank) continue;
    least = key;
    leastRank = rank;
  }
  if (least !== undefined) entries.delete(least);
}
