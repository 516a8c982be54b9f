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

/** Whose something is that a caller left here: to others it is as if it were not there. */
export interface Owner {
  readonly principalId: string;
  /** Only what came through this door; absent: through any. */
  readonly plane?: Plane;
}

/**
 * A key has what it made through the planes that it opens. Anonymous callers have no names, so all share what was made
 * without a key through their plane.
 */
export function ownerOf({ id, kind, scopes }: Pick<Principal, 'id' | 'kind' | 'scopes'>, plane: Plane): Owner {
  if (kind === 'anonymous') return { principalId: id, ...(plane === 'standalone' ? {} : { plane }) };
  const opens = scopes?.filter((scope): scope is Plane => scope === 'standalone' || scope === 'runtimeAgent') ?? [];
  const [only] = opens;
  return { principalId: id, ...(only === undefined || opens.length > 1 ? {} : { plane: only }) };
}

/** Does it belong to them? What does not say its plane came through the standalone one, the only one there was. */
export function belongsTo({ principalId, plane = 'standalone' }: Owner, owner: Owner): boolean {
  return principalId === owner.principalId && (owner.plane === undefined || owner.plane === plane);
}
