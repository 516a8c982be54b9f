/** What the access room offers: who a caller is, whether they may come in, and what they leave behind. Types only. */
import type { Plane, Principal } from '../core/principal.ts';
import type { KeyPolicy, ManagedPolicy } from './policy.ts';

/** What a route asks of its caller, within its plane (ruling 22). `open` asks nothing, `infer` a place on the plane. */
export type Scope = 'open' | 'infer' | 'read' | 'manage' | 'admin';

/** One row of the table of routes: the first of the planes that lets the caller in is the one. */
export interface Rule {
  readonly planes: readonly Plane[];
  readonly scope: Scope;
  /** Callers show secrets of another kind here, which are no attempts at keys. */
  readonly keyless?: boolean;
}

/** What is known of a caller before a byte of the body is read. */
export interface Caller {
  /** Of the socket, without a port. */
  readonly address: string;
  readonly forwardedFor?: string;
  readonly authorization?: string;
  readonly apiKeyHeader?: string;
  /** `?api_key=`, for clients that can send no header (ruling 21). */
  readonly apiKeyQuery?: string;
  /** The session cookie of a page. */
  readonly session?: string;
  /** Does the browser say that a page of this router asks, or a listed one? */
  readonly fromOwnPage?: boolean;
  /** Null when the connection shows none; `trusted`: signed by one of `server.https.caPath`. */
  readonly certificate: { readonly trusted: boolean; readonly fingerprint256: string; readonly subject: Readonly<Record<string, string | readonly string[]>> } | null;
}

/** A caller who was let in. */
export interface Admission {
  readonly principal: Principal;
  readonly plane: Plane;
  /** `X-RateLimit-*` for the answer; null: no limit holds. */
  readonly headers: Readonly<Record<string, string>> | null;
  /** Gives back the place among the requests at once; later calls do nothing. */
  leave(): void;
  /** Counts tokens into the window of the key, once they are known. */
  spend(tokens: number): void;
  /** Would the same caller still be let in? For answers that have no end of their own. */
  holds(at: number): boolean;
}

export interface Access {
  /**
   * Throws `not_found` (plane off), `unauthenticated`, `forbidden`, `rate_limited`. Costs no I/O. Denied attempts are
   * counted by address and audited.
   */
  admit(caller: Caller, rule: Rule, request: { readonly method: string; readonly path: string; readonly requestId: string; readonly at: number }): Admission;
  /** Who calls at an address that is open to all; a key that is not right is none. Nobody is refused, and no limit counts. */
  recognise(caller: Caller, at: number): Principal;
}

/** One line of the audit: each admin action and each denied attempt. Never holds a secret. */
export interface AuditEntry {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly event: 'admin_access_audit' | 'plane_access_denied';
  readonly outcome: 'success' | 'failure' | 'denied';
  readonly reason: string;
  readonly method: string;
  readonly path: string;
  readonly remoteIp: string;
  /** The key's id, or `anonymous`. */
  readonly principal: string;
  readonly plane: Plane;
  readonly requestId: string;
  /** What was acted on: a key's id. */
  readonly target?: string;
  /** The version of the policy before and after a change. */
  readonly versionBefore?: number;
  readonly versionAfter?: number;
  /** How many denied attempts from one address this line stands for; absent: one. */
  readonly count?: number;
}

export interface Audit {
  record(entry: Omit<AuditEntry, 'id'>): void;
  /** Newest first, what was recorded a moment ago included; `before` is an id of an earlier page's last row. Rejects with `store_unavailable`. */
  page(page: { readonly limit: number; readonly before?: string }): Promise<readonly AuditEntry[]>;
}

/** A key after a change, and the version that the change made. */
export interface KeyChange {
  readonly key: KeyPolicy;
  readonly version: number;
  /** The key itself, when it was made here: shown to the caller and kept nowhere. */
  readonly secret?: string;
}

/**
 * What an admin may do with the policy. Changes take what a caller wrote, unchecked, and reject with `invalid_request`
 * (naming each place), `not_found`, `conflict` or `store_unavailable`; then nothing has changed.
 */
export interface AccessAdmin {
  config(): ManagedPolicy;
  /** Replaces the whole. */
  replace(config: unknown, expectedVersion: number | null): Promise<ManagedPolicy>;
  /** The keys without their hashes, with the epoch milliseconds of their last use, null: never. */
  keys(): Promise<{ readonly version: number; readonly keys: readonly (Omit<KeyPolicy, 'keyHash'> & { readonly lastUsedAt: number | null })[] }>;
  /** Without `keyHash` in it, a secret is made. */
  addKey(fields: Readonly<Record<string, unknown>>, expectedVersion: number | null): Promise<KeyChange>;
  /** Replaces the fields that are given; null takes one away, except `enabled`. */
  changeKey(id: string, fields: Readonly<Record<string, unknown>>, expectedVersion: number | null): Promise<KeyChange>;
  /** A new secret; the old one is refused from then on. */
  rotateKey(id: string, expectedVersion: number | null): Promise<KeyChange>;
  revokeKey(id: string, expectedVersion: number | null): Promise<KeyChange>;
}
