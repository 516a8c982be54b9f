/** Lets callers in or turns them away: the one door of every route. */
import { randomBytes } from 'node:crypto';
import { RouterError } from '../core/errors.ts';
import type { Principal } from '../core/principal.ts';
import type { AddressRange } from '../util/address-ranges.ts';
import type { Access, Admission, AuditEntry, Caller, Rule } from './access.ts';
import { authenticate, Denied, type Identity, isOpen, isValid, type Shown } from './authenticate.ts';
import { certificateFits } from './certificates.ts';
import { clientAddress, isAmong, isOwnMachine, networkOf, parseRanges } from './client-address.ts';
import { shownKey } from './credentials.ts';
import { KeyRing } from './key-secrets.ts';
import { hashOf } from '../util/secret-hash.ts';
import { Limiter } from './limit.ts';
import type { AccessSettings, KeyPolicy, LimitPolicy, ManagedPolicy } from './policy.ts';
import { Sessions } from './sessions.ts';
import { Throttle } from './throttle.ts';

export interface AccessParts {
  readonly settings: AccessSettings;
  /** The policy as it is now; a new object when it changed. */
  policy(): ManagedPolicy;
  /** Told of every denied attempt. */
  denied(entry: Omit<AuditEntry, 'id'>): void;
  /** Told when a key let somebody in. */
  used(keyId: string, at: number): void;
}

/** What holds for anonymous callers of a `limited` plane without a limit of its own: a request a second. */
const limitedDefault: LimitPolicy = { requests: 60, windowSeconds: 60 };
const anyPlane: Rule = { planes: ['standalone', 'runtimeAgent'], scope: 'infer' };

type Request = Parameters<Access['admit']>[2];

export class AccessControl implements Access {
  readonly #parts: AccessParts;
  readonly #proxies: readonly AddressRange[];
  readonly #adminAddresses: readonly AddressRange[];
  readonly #adminKeys: KeyRing<string>;
  /** Of people in a browser. */
  readonly sessions = new Sessions(randomBytes, (id) => this.#policy.apiKeys.find((key) => key.id === id)?.keyHash);
  readonly #limiter = new Limiter();
  readonly #throttle = new Throttle();
  #policy: ManagedPolicy;
  #keys: KeyRing<KeyPolicy>;

  /** Throws an Error that names a bad address or range. */
  constructor(parts: AccessParts) {
    this.#parts = parts;
    const { admin, trustedProxies } = parts.settings;
    this.#proxies = parseRanges(trustedProxies, 'access.admin.trustedProxy');
    this.#adminAddresses = parseRanges(admin.allowedIps, 'access.admin.allowedIps');
    this.#adminKeys = new KeyRing(admin.apiKeyHashes, (hash) => hash);
    this.#policy = parts.policy();
    this.#keys = keysOf(this.#policy);
  }

  admit(caller: Caller, rule: Rule, request: Request): Admission {
    const address = clientAddress(caller.address, caller.forwardedFor, this.#proxies);
    const admin = rule.scope === 'admin';
    try {
      return admin ? this.#admitAdmin(caller, address, request) : this.#admitToPlane(caller, address, rule, request);
    } catch (thrown) {
      const plane = admin ? 'admin' : (rule.planes[0] ?? 'standalone');
      const reason = thrown instanceof Denied ? thrown.reason : 'rate_limited';
      this.#parts.denied({ at: request.at, event: admin ? 'admin_access_audit' : 'plane_access_denied', outcome: 'denied', reason, method: request.method, path: request.path, remoteIp: address, principal: this.#whoTried(caller, reason), plane, requestId: request.requestId });
      throw thrown instanceof Denied ? thrown.error : thrown;
    }
  }

  recognise(caller: Caller, at: number): Principal {
    this.#refresh();
    const address = clientAddress(caller.address, caller.forwardedFor, this.#proxies);
    const secret = shownKey(caller);
    const key = secret === null || this.#adminKeys.find(secret) !== null ? null : this.#keyShown(secret, address, at);
    return principalOf(key !== null && isValid(key, at) ? key : null, address);
  }

  #keyShown(secret: string, address: string, at: number): KeyPolicy | null {
    try {
      return this.#keyOf(secret, anyPlane, address, at);
    } catch {
      return null;
    }
  }

  /** A key that is right but may not do this, or has done too much of it, is named in the audit. */
  #whoTried(caller: Caller, reason: string): string {
    const secret = reason === 'scope_denied' || reason === 'rate_limited' ? shownKey(caller) : null;
    return (secret === null ? null : this.#keys.find(secret)?.id) ?? 'anonymous';
  }

  #admitToPlane(caller: Caller, address: string, rule: Rule, request: Request): Admission {
    this.#refresh();
    const secret = shownKey(caller);
    const key = secret === null ? this.#keyOfSession(caller, request) : this.#keyOf(secret, rule, address, request.at);
    const shown = { secret, key, loopback: isOwnMachine(address, caller.forwardedFor, this.#proxies), trustedCertificate: caller.certificate?.trusted === true };
    const identity = authenticate(rule, shown, this.#policy, this.#parts.settings.allowOpenNetwork, request.at);
    if (identity.key !== null) this.#parts.used(identity.key.id, request.at);
    const limit = this.#limitOf(identity);
    const place = limit === null ? null : this.#limiter.enter(whoIs(identity, address), limit, request.at);
    return {
      principal: principalOf(identity.key, address),
      plane: identity.plane,
      headers: place?.headers ?? null,
      leave: () => place?.leave(),
      spend: (tokens) => place?.spend(tokens),
      holds: (at) => this.#holds(caller, rule, shown, at),
    };
  }

  /** What was known of the caller then, held against the policy of now. Counts and costs nothing. */
  #holds({ session }: Caller, rule: Rule, shown: Shown, at: number): boolean {
    this.#refresh();
    const { key: before, secret } = shown;
    if (before !== null && secret === null && this.sessions.keyOf(session ?? '', at) === null) return false;
    const key = before === null ? null : (this.#policy.apiKeys.find(({ id, keyHash }) => id === before.id && keyHash === before.keyHash) ?? null);
    try {
      authenticate(rule, { ...shown, key }, this.#policy, this.#parts.settings.allowOpenNetwork, at);
      return true;
    } catch {
      return false;
    }
  }

  /** Address, key, certificate, in this order (contract part 2.3). */
  #admitAdmin(caller: Caller, address: string, { at }: Request): Admission {
    const { admin } = this.#parts.settings;
    if (!admin.enabled) throw new Denied('plane_disabled', new RouterError('not_found', 'There is nothing at this address.'));
    if (!isAmong(address, this.#adminAddresses)) throw new Denied('ip_not_allowed', new RouterError('forbidden', 'Admin plane access denied'));
    const secret = shownKey(caller);
    const hash = secret === null ? null : this.#tried(secret, address, at, (shown) => this.#adminKeys.find(shown));
    if (hash === null) throw new Denied('invalid_admin_key', new RouterError('unauthenticated', 'Admin authentication required'));
    if (admin.clientCert.required && !certificateFits(caller.certificate, admin.clientCert)) {
      throw new Denied('client_cert_required_or_untrusted', new RouterError('forbidden', 'Trusted client certificate required'));
    }
    // Admin keys have no names: the first digits of their hash tell them apart in the audit.
    return { principal: { id: `admin:${hash.slice(7, 15)}`, kind: 'key', address, scopes: ['admin'] }, plane: 'admin', headers: null, leave() {}, spend() {}, holds: () => true };
  }

  /** A cookie is sent along by the browser, whoever made it ask: what changes something has to come from a page that may. */
  #keyOfSession({ session, fromOwnPage }: Caller, { method, at }: Request): KeyPolicy | null {
    const id = session === undefined ? null : this.sessions.keyOf(session, at);
    if (id === null) return null;
    if (method !== 'GET' && method !== 'HEAD' && fromOwnPage !== true) {
      throw new Denied('cross_site_request', new RouterError('forbidden', 'A session only changes things for pages of this router. Programs show a key instead.'));
    }
    return this.#policy.apiKeys.find((key) => key.id === id) ?? null;
  }

  /** Where anonymous callers are welcome a wrong key is no attempt at anything: many clients must send one, and send a dummy. */
  #keyOf(secret: string, rule: Rule, address: string, at: number): KeyPolicy | null {
    if (rule.scope === 'infer' && rule.planes.some((plane) => plane !== 'admin' && isOpen(this.#policy, plane))) return this.#keys.find(secret);
    return this.#tried(secret, address, at, (shown) => this.#keys.find(shown));
  }

  /** Counts a wrong key against its address; when there were too many, only keys that were right from there before are looked at. */
  #tried<Found>(secret: string, address: string, at: number, find: (secret: string) => Found | null): Found | null {
    const hash = hashOf(secret);
    const network = networkOf(address);
    const waitMs = this.#throttle.waitMs(network, at);
    if (waitMs > 0 && !this.#throttle.isKnown(network, hash)) {
      throw new Denied('too_many_failures', new RouterError('rate_limited', 'Too many wrong keys from this address.', { retryAfterMs: waitMs }));
    }
    const found = find(secret);
    if (found === null && !this.#isOther(secret)) this.#throttle.failed(network, at);
    else this.#throttle.succeeded(network, hash, at);
    return found;
  }

  /** A right key at the wrong door is no guess. */
  #isOther(secret: string): boolean {
    return this.#adminKeys.find(secret) !== null || this.#keys.find(secret) !== null;
  }

  /** Counts what a key's accepted work used when it ran, long after its request was let in. */
  spend(plane: string, keyId: string, tokens: number): void {
    this.#limiter.spend(`${plane}:${keyId}`, tokens);
  }

  #limitOf({ key, plane }: Identity): LimitPolicy | null {
    const rules = this.#policy.planes[plane];
    if (key !== null) return key.limits[plane] ?? rules.defaultLimit ?? null;
    return rules.defaultLimit ?? (rules.auth.anonymous === 'limited' ? limitedDefault : null);
  }

  #refresh(): void {
    const policy = this.#parts.policy();
    if (policy === this.#policy) return;
    this.#policy = policy;
    this.#keys = keysOf(policy);
  }
}

function keysOf(policy: ManagedPolicy): KeyRing<KeyPolicy> {
  return new KeyRing(policy.apiKeys, (key) => key.keyHash);
}

/** Anonymous callers count by address, so that one does not use up what is for all. */
function whoIs({ key, plane }: Identity, address: string): string {
  return `${plane}:${key?.id ?? `anonymous:${networkOf(address)}`}`;
}

function principalOf(key: KeyPolicy | null, address: string): Principal {
  if (key === null) return { id: 'anonymous', kind: 'anonymous', address };
  return {
    id: key.id,
    kind: 'key',
    address,
    scopes: key.scopes,
    ...(key.models === undefined ? {} : { models: key.models }),
    ...(key.maxPriority === undefined ? {} : { maxPriority: key.maxPriority }),
  };
}
