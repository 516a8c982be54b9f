/** Reads what the system says went wrong. */

/** The `code` of an error of the system, such as `ENOENT`; undefined for what carries none. */
export function errorCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined;
}
