/** What is kept of a secret that is long and random: enough to know it again, and useless to whoever reads it. */
import { createHash } from 'node:crypto';

/** `sha256:` and 64 hexadecimal digits. */
export function hashOf(secret: string): string {
  return `sha256:${createHash('sha256').update(secret, 'utf8').digest('hex')}`;
}
