/** Where the build puts the dashboard. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Beside this program; where the source is run as it is, in the last build. */
export function pageFolder(): string {
  const beside = fileURLToPath(new URL('../ui/', import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL('../../dist/ui/', import.meta.url));
}
