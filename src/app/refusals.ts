/** When `serve` must not start, and what to do instead (ruling 20). */
import type { ManagedPolicy } from '../access/policy.ts';
import type { Config } from '../config/config.ts';
import { isOpenToOthers } from './open-access.ts';

/** A sentence for people, or null when all is well. */
export function whyNotServe({ access, server }: Pick<Config, 'access' | 'server'>, policy: ManagedPolicy): string | null {
  if (isLoopback(server.host) || access?.allowOpenNetwork === true || !isOpenToOthers(policy)) return null;
  return `server.host is ${server.host}, which other machines can reach, and callers need no key. Make a key with \`oar keys create\`, or start with \`oar serve --lan\`, which makes one; or set access.allowOpenNetwork: true to let everybody in who reaches the port.`;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
