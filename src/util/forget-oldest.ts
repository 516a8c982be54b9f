/** Keeps what is remembered within bounds. */

/** Call it after every entry that is added: the one that was set longest ago goes as soon as there are more than `most`. */
export function forgetOldest(entries: Map<string, unknown>, most: number): void {
  if (entries.size <= most) return;
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
}
