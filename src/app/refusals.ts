/** When `serve` must not start, and what to do instead (rulings 20 and 25). */
import type { Config } from '../config/config.ts';

/** A sentence for people, or null when all is well. */
export function whyNotServe({ access, server }: Config): string | null {
  if (access !== undefined) {
    return 'This configuration has an `access` section, and this version does not enforce access rules yet. It will not serve openly what looks secured: remove the section to serve on loopback without keys.';
  }
  if (!isLoopback(server.host)) {
    return `server.host is ${server.host}, which other machines can reach, and this version cannot ask them for a key yet. Use 127.0.0.1, and a gateway or an SSH tunnel for other machines.`;
  }
  return null;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
