/** Counts by name that take no memory for names which are gone. */

/** Adds to a count, and drops it at zero. */
export function addTo(counts: Map<string, number>, name: string, change: number): void {
  const next = (counts.get(name) ?? 0) + change;
  if (next === 0) counts.delete(name);
  else counts.set(name, next);
}
