/** Tells who a caller is on the planes of a route, and whether they may do what it does (contract agent-router part 2.2). Pure. */
import { RouterError } from '../core/errors.ts';
import type { Rule } from './access.ts';
import type { KeyPolicy, ManagedPlane, ManagedPolicy } from './policy.ts';

export interface Shown {
  /** Null: the caller shows no key. */
  readonly secret: string | null;
  /** The key it is; null when there is none like it. */
  readonly key: KeyPolicy | null;
  /** Does the request come from this machine itself? */
  readonly loopback: boolean;
  /** Has the connection a certificate that is trusted? */
  readonly trustedCertificate: boolean;
}

export interface Identity {
  readonly plane: ManagedPlane;
  /** Null: anonymous. */
  readonly key: KeyPolicy | null;
}

/** Why a caller was turned away, in the words of the audit, with the error they get. */
export class Denied extends Error {
  readonly reason: string;
  readonly error: RouterError;

  constructor(reason: string, error: RouterError) {
    super(reason);
    this.reason = reason;
    this.error = error;
  }
}

/** Throws Denied. The first plane, in the rule's order, that lets the caller in is theirs. */
export function authenticate(rule: Rule, shown: Shown, policy: ManagedPolicy, openNetwork: boolean, at: number): Identity {
  const planes = rule.planes.filter((plane): plane is ManagedPlane => plane !== 'admin' && policy.planes[plane].enabled);
  if (planes.length === 0) throw new Denied('plane_disabled', new RouterError('not_found', 'There is nothing at this address.'));
  const certified = planes.filter((plane) => policy.planes[plane].requireClientCert !== true || shown.trustedCertificate);
  if (certified.length === 0) throw new Denied('client_cert_required', new RouterError('unauthenticated', 'Trusted client certificate required'));
  const valid = shown.key !== null && isValid(shown.key, at) ? shown.key : null;
  return valid === null ? anonymous(certified, rule, shown, policy, openNetwork) : withKey(certified, rule, valid);
}

export function isValid(key: KeyPolicy, at: number): boolean {
  return key.enabled && (key.expiresAt === undefined || Date.parse(key.expiresAt) > at);
}

function withKey(planes: readonly ManagedPlane[], { scope }: Rule, key: KeyPolicy): Identity {
  const plane = planes.find((one) => key.scopes.includes(one));
  if (plane === undefined) throw new Denied('scope_denied', new RouterError('forbidden', 'API key is not allowed for this plane'));
  if (scope === 'manage' && !key.scopes.includes('manage')) throw new Denied('scope_denied', new RouterError('forbidden', 'API key lacks the scope manage'));
  // Whoever may change a thing may look at it; a gateway's key reads its own plane.
  const reads = plane === 'runtimeAgent' || key.scopes.includes('read') || key.scopes.includes('manage');
  if (scope === 'read' && !reads) throw new Denied('scope_denied', new RouterError('forbidden', 'API key lacks the scope read'));
  return { plane, key };
}

/** A wrong key is no key where anonymous callers are welcome (AR-D6). */
function anonymous(planes: readonly ManagedPlane[], { scope }: Rule, shown: Shown, policy: ManagedPolicy, openNetwork: boolean): Identity {
  const plane = planes.find((one) => isOpen(policy, one) || (shown.loopback && policy.planes[one].auth.loopback === 'open'));
  if (plane === undefined) {
    if (shown.secret === null) throw new Denied('api_key_required', new RouterError('unauthenticated', 'API key required'));
    throw new Denied('invalid_api_key', new RouterError('unauthenticated', 'Invalid API key'));
  }
  const trusted = shown.loopback || openNetwork;
  const limited = policy.planes[plane].auth.anonymous === 'limited';
  if (scope !== 'infer' && (limited || !trusted)) {
    throw new Denied('api_key_required', new RouterError('unauthenticated', `API key with the scope ${scope} required`));
  }
  return { plane, key: null };
}

/** Are anonymous callers welcome? */
export function isOpen(policy: ManagedPolicy, plane: ManagedPlane): boolean {
  const { enabled, auth } = policy.planes[plane];
  return enabled && !auth.requireApiKey && auth.anonymous !== 'reject';
}
