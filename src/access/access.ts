/** What the access room offers: who a caller is, whether they may come in, and what they leave behind. Types only. */
import type { Plane, Principal } from '../core/principal.ts';

/** What a route asks of its caller, within its plane (ruling 22). `open` asks nothing, `infer` a place on the plane. */
export type Scope = 'open' | 'infer' | 'read' | 'manage' | 'admin';

/** One row of the table of routes: the first of the planes that lets the caller in is the one. */
export interface Rule {
  readonly planes: readonly Plane[];
  readonly scope: Scope;
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
  /** The session cookie of the dashboard. */
  readonly session?: string;
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
}

export interface Access {
  /**
   * Throws `not_found` (plane off), `unauthenticated`, `forbidden`, `rate_limited`. Costs no I/O. Denied attempts are
   * counted by address and audited.
   */
  admit(caller: Caller, rule: Rule, request: { readonly method: string; readonly path: string; readonly requestId: string; readonly at: number }): Admission;
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
}
