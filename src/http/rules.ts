/** The rules that routes have: which planes lead to them, and what a caller must be allowed to do (ruling 22). */
import type { Rule } from '../access/access.ts';

export const rules = {
  /** No key is asked for, whatever the configuration says. */
  open: { planes: [], scope: 'open' },
  /** Machines that report themselves: what they show is no key, and is looked at where they are known. */
  node: { planes: [], scope: 'open', keyless: true },
  /** Models, and what there is of them. */
  infer: { planes: ['standalone'], scope: 'infer' },
  /** What a caller has left here: jobs, kept answers. Everybody sees their own. */
  own: { planes: ['standalone', 'runtimeAgent'], scope: 'infer' },
  /** Work that a gateway hands on. */
  gateway: { planes: ['runtimeAgent'], scope: 'infer' },
  /** The fleet, its figures and its settings, without changing anything. */
  read: { planes: ['runtimeAgent', 'standalone'], scope: 'read' },
  /** Changing what machines hold. */
  manage: { planes: ['standalone'], scope: 'manage' },
  /** Who may do what. */
  admin: { planes: ['admin'], scope: 'admin' },
} as const satisfies Readonly<Record<string, Rule>>;
