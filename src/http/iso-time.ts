/** Times as JSON has them. */

/** `at` in epoch milliseconds. */
export function isoTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
