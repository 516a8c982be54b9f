/** Who asks, and through which door. */
import type { Priority } from './request.ts';

/** Which door a request came through; each has its own rules (contract agent-router part 2.1). */
export type Plane = 'standalone' | 'runtimeAgent' | 'admin';

export interface Principal {
  /** Stable name for limits, ownership and logs: a key's id, else `anonymous`. */
  readonly id: string;
  readonly kind: 'anonymous' | 'key';
  /** The caller's network address, without a port. */
  readonly address: string;
  /** What the key may do beside its plane's own work: `read`, `manage`, `admin`. Absent for anonymous callers. */
  readonly scopes?: readonly string[];
  /** The models the key may ask for, `*` at an end; absent: all. */
  readonly models?: readonly string[];
  /** The highest priority its requests may claim; absent: any (ruling 9). */
  readonly maxPriority?: Priority;
}

/** A user for `perUserMaxQueued` and fair share: the key, else the `user` field, else the address (ruling 6). */
export function userOf(principal: Principal, userField: string | undefined): string {
  if (principal.kind === 'key') return `key:${principal.id}`;
  return userField ? `user:${userField}` : `address:${principal.address}`;
}
