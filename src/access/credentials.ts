/** Finds the key that a caller shows. */
import type { Caller } from './access.ts';

/**
 * `Authorization: Bearer` (in any case), else `x-api-key`, else `?api_key=`; null when none is shown. Another scheme in
 * `Authorization` counts as none (contract agent-router part 1.1, ruling 21).
 */
export function shownKey({ authorization, apiKeyHeader, apiKeyQuery }: Caller): string | null {
  const bearer = authorization === undefined ? null : /^bearer +(\S+) *$/i.exec(authorization);
  return bearer?.[1] ?? (apiKeyHeader?.trim() || apiKeyQuery?.trim() || null);
}
