import { expect, test } from 'vitest';
import { RouterError } from '../core/errors.ts';
import type { AuditEntry, Caller, Rule } from './access.ts';
import { AccessControl } from './create-access.ts';
import { newSecret } from './key-secrets.ts';
import { hashOf } from '../util/secret-hash.ts';
import type { AccessSettings, KeyPolicy, ManagedPolicy, PlanePolicy } from './policy.ts';

const secret = 'oar_the-client';
const open: PlanePolicy = { enabled: true, auth: { requireApiKey: false, anonymous: 'allow' } };
const closed: PlanePolicy = { enabled: true, auth: { requireApiKey: true, anonymous: 'reject' } };
const off: PlanePolicy = { ...open, enabled: false };
const infer: Rule = { planes: ['standalone'], scope: 'infer' };
const gateway: Rule = { planes: ['runtimeAgent'], scope: 'infer' };
const jobs: Rule = { planes: ['standalone', 'runtimeAgent'], scope: 'infer' };
const read: Rule = { planes: ['standalone'], scope: 'read' };
const manage: Rule = { planes: ['standalone'], scope: 'manage' };
const adminRule: Rule = { planes: ['admin'], scope: 'admin' };

const key = (more: Partial<KeyPolicy> = {}): KeyPolicy => ({ id: 'client', keyHash: hashOf(secret), enabled: true, scopes: ['standalone'], limits: {}, ...more });
const policyOf = (standalone: PlanePolicy, runtimeAgent: PlanePolicy, apiKeys: readonly KeyPolicy[]): ManagedPolicy => ({ version: 1, planes: { standalone, runtimeAgent }, apiKeys });
const plain: AccessSettings = { admin: { enabled: false, auditLog: true, allowedIps: ['127.0.0.1', '::1'], apiKeyHashes: [], clientCert: { required: false, allowedFingerprints: [], allowedSubjects: [] } }, trustedProxies: [], allowOpenNetwork: false };

function access(policy: ManagedPolicy, settings: Partial<AccessSettings> = {}) {
  const denied: Omit<AuditEntry, 'id'>[] = [];
  const used: string[] = [];
  let current = policy;
  const control = new AccessControl({ settings: { ...plain, ...settings }, policy: () => current, denied: (entry) => denied.push(entry), used: (id) => used.push(id) });
  const admit = (caller: Partial<Caller>, rule: Rule, at = 0) => control.admit({ address: '203.0.113.9', certificate: null, ...caller }, rule, { method: 'POST', path: '/p', requestId: 'r', at });
  const outcome = (caller: Partial<Caller>, rule: Rule, at = 0): string => {
    try {
      return admit(caller, rule, at).principal.id;
    } catch (thrown) {
      return thrown instanceof RouterError ? String(thrown.status) : String(thrown);
    }
  };
  const recognise = (caller: Partial<Caller>) => control.recognise({ address: '203.0.113.9', certificate: null, ...caller }, 0);
  return { control, admit, recognise, outcome, denied, used, change: (next: ManagedPolicy) => (current = next) };
}

const bearer = { authorization: `Bearer ${secret}` };

test.each<[string, ManagedPolicy, Partial<Caller>, Rule, string]>([
  ['no key on an open plane', policyOf(open, open, []), {}, infer, 'anonymous'],
  ['a dummy key on an open plane is no key (AR-D6)', policyOf(open, open, []), { authorization: 'Bearer sk-dummy' }, infer, 'anonymous'],
  ['a right key on an open plane', policyOf(open, open, [key()]), bearer, infer, 'client'],
  ['no key on a closed plane', policyOf(closed, open, [key()]), {}, infer, '401'],
  ['a wrong key on a closed plane', policyOf(closed, open, [key()]), { authorization: 'Bearer nope' }, infer, '401'],
  ['a right key', policyOf(closed, open, [key()]), bearer, infer, 'client'],
  ['the scheme in another case', policyOf(closed, open, [key()]), { authorization: `bearer ${secret}` }, infer, 'client'],
  ['x-api-key', policyOf(closed, open, [key()]), { apiKeyHeader: secret }, infer, 'client'],
  ['?api_key=', policyOf(closed, open, [key()]), { apiKeyQuery: secret }, infer, 'client'],
  ['another scheme, and x-api-key', policyOf(closed, open, [key()]), { authorization: 'Basic eDp5', apiKeyHeader: secret }, infer, 'client'],
  ['a wrong Bearer beside a right x-api-key', policyOf(closed, open, [key()]), { authorization: 'Bearer nope', apiKeyHeader: secret }, infer, '401'],
  ['a key that is off', policyOf(closed, open, [key({ enabled: false })]), bearer, infer, '401'],
  ['a key past its time', policyOf(closed, open, [key({ expiresAt: '1970-01-01T00:00:00Z' })]), bearer, infer, '401'],
  ['a key that still has time', policyOf(closed, open, [key({ expiresAt: '1970-01-01T00:00:01Z' })]), bearer, infer, 'client'],
  ['a key of another plane', policyOf(closed, closed, [key()]), bearer, gateway, '403'],
  ['jobs through either plane', policyOf(closed, closed, [key({ scopes: ['runtimeAgent'] })]), bearer, jobs, 'client'],
  ['a plane that is off', policyOf(off, open, [key()]), bearer, infer, '404'],
  ['anonymous: reject without requireApiKey', policyOf({ enabled: true, auth: { requireApiKey: false, anonymous: 'reject' } }, open, []), {}, infer, '401'],
  ['from this machine, loopback open', policyOf({ enabled: true, auth: { requireApiKey: true, anonymous: 'reject', loopback: 'open' } }, open, []), { address: '127.0.0.1' }, infer, 'anonymous'],
  ['from elsewhere, loopback open', policyOf({ enabled: true, auth: { requireApiKey: true, anonymous: 'reject', loopback: 'open' } }, open, []), {}, infer, '401'],
  ['through an unknown proxy on this machine, loopback open', policyOf({ enabled: true, auth: { requireApiKey: true, anonymous: 'reject', loopback: 'open' } }, open, []), { address: '127.0.0.1', forwardedFor: '203.0.113.9' }, infer, '401'],
  ['reading with an old key (ruling 22)', policyOf(closed, open, [key()]), bearer, read, '403'],
  ['reading with the scope', policyOf(closed, open, [key({ scopes: ['standalone', 'read'] })]), bearer, read, 'client'],
  ['changing with the scope read', policyOf(closed, open, [key({ scopes: ['standalone', 'read'] })]), bearer, manage, '403'],
  ['changing with the scope', policyOf(closed, open, [key({ scopes: ['standalone', 'manage'] })]), bearer, manage, 'client'],
  ['changing without a key on this machine', policyOf(open, open, []), { address: '127.0.0.1' }, manage, 'anonymous'],
  ['changing without a key from elsewhere', policyOf(open, open, []), {}, manage, '401'],
  ['admin plane that is off', policyOf(open, open, []), { address: '127.0.0.1', ...bearer }, adminRule, '404'],
])('%s', (_what, policy, caller, rule, expected) => {
  expect(access(policy).outcome(caller, rule)).toBe(expected);
});

const adminSettings = (more: object = {}): Partial<AccessSettings> => ({ admin: { ...plain.admin, enabled: true, apiKeyHashes: [hashOf('the-admin')], ...more } });
const admin = { address: '127.0.0.1', authorization: 'Bearer the-admin' };

test.each<[string, object, Partial<Caller>, string]>([
  ['from an address that may not', {}, { ...admin, address: '203.0.113.9' }, '403'],
  ['with a wrong key', {}, { ...admin, authorization: 'Bearer x' }, '401'],
  ['with a key of a plane', {}, { ...admin, ...bearer }, '401'],
  ['without its certificate', { clientCert: { required: true, allowedFingerprints: [], allowedSubjects: [] } }, admin, '403'],
  ['from a range', { allowedIps: ['2001:db8::/32'] }, { ...admin, address: '2001:DB8::1' }, `admin:${hashOf('the-admin').slice(7, 15)}`],
])('the admin plane, %s', (_what, more, caller, expected) => {
  expect(access(policyOf(open, open, [key()]), adminSettings(more)).outcome(caller, adminRule)).toBe(expected);
});

test('anonymous callers count by address, and a key apart from them', () => {
  const limited = { ...open, defaultLimit: { requests: 1, windowSeconds: 60 } };
  const { outcome } = access(policyOf(limited, open, [key()]));
  expect([outcome({}, infer), outcome({}, infer), outcome({ address: '203.0.113.10' }, infer), outcome(bearer, infer), outcome(bearer, infer)]).toEqual(['anonymous', '429', 'anonymous', 'client', '429']);
});

test('a change of one key leaves the counters of others alone', () => {
  const limit = { requests: 1, windowSeconds: 60 };
  const { outcome, change } = access(policyOf(closed, open, [key({ limits: { standalone: limit } })]));
  outcome(bearer, infer);
  change(policyOf(closed, open, [key({ limits: { standalone: limit } }), key({ id: 'new', keyHash: hashOf('other') })]));
  expect(outcome(bearer, infer)).toBe('429');
  expect(outcome({ authorization: 'Bearer other' }, infer)).toBe('new');
});

test('a revoked key is refused from the next request on', () => {
  const { outcome, change } = access(policyOf(closed, open, [key()]));
  expect(outcome(bearer, infer)).toBe('client');
  change(policyOf(closed, open, []));
  expect(outcome(bearer, infer)).toBe('401');
});

test('after ten wrong keys an address may try none for a minute; who was known there still comes in', () => {
  const { outcome } = access(policyOf(closed, open, [key(), key({ id: 'late', keyHash: hashOf('late') })]));
  expect(outcome(bearer, infer)).toBe('client');
  for (let tries = 0; tries < 10; tries += 1) expect(outcome({ authorization: `Bearer wrong-${tries}` }, infer, 1000)).toBe('401');
  expect(outcome({ authorization: 'Bearer late' }, infer, 2000)).toBe('429');
  expect(outcome(bearer, infer, 2000)).toBe('client');
  expect(outcome({ authorization: 'Bearer late', address: '203.0.113.10' }, infer, 2000)).toBe('late');
  expect(outcome({ authorization: 'Bearer late' }, infer, 61_001)).toBe('late');
});

test('dummy keys on an open plane lock nobody out', () => {
  const { outcome } = access(policyOf(open, open, [key()]));
  for (let tries = 0; tries < 50; tries += 1) expect(outcome({ authorization: `Bearer sk-${tries}` }, infer)).toBe('anonymous');
  expect(outcome(bearer, infer)).toBe('client');
});

test('each denied attempt is told with its reason, from where, and without the key', () => {
  const { outcome, denied } = access(policyOf(closed, closed, [key()]), adminSettings());
  outcome({}, infer, 5);
  outcome({ authorization: 'Bearer oar_wrong-secret' }, infer, 6);
  outcome(bearer, gateway, 7);
  outcome({ ...admin, address: '203.0.113.1' }, adminRule, 8);
  expect(denied.map(({ at, event, reason, plane, remoteIp }) => [at, event, reason, plane, remoteIp])).toEqual([
    [5, 'plane_access_denied', 'api_key_required', 'standalone', '203.0.113.9'],
    [6, 'plane_access_denied', 'invalid_api_key', 'standalone', '203.0.113.9'],
    [7, 'plane_access_denied', 'scope_denied', 'runtimeAgent', '203.0.113.9'],
    [8, 'admin_access_audit', 'ip_not_allowed', 'admin', '203.0.113.1'],
  ]);
  expect(JSON.stringify(denied)).not.toContain('secret');
});

test('a new key is found again by its hash, and no two are alike', () => {
  const made = newSecret((bytes) => new Uint8Array(bytes).fill(7));
  expect(made).toMatch(/^oar_[\w-]{43}$/);
  expect(access(policyOf(closed, open, [key({ keyHash: hashOf(made) })])).outcome({ authorization: `Bearer ${made}` }, infer)).toBe('client');
});

test('a key carries what it may ask for', () => {
  const { admit } = access(policyOf(closed, open, [key({ models: ['small*'], maxPriority: 'normal' })]));
  expect(admit(bearer, infer).principal).toMatchObject({ id: 'client', kind: 'key', models: ['small*'], maxPriority: 'normal', scopes: ['standalone'] });
});

test('at an open address a key is recognised, and nobody is refused', () => {
  const { recognise } = access(policyOf(closed, closed, [key(), key({ id: 'old', keyHash: hashOf('old'), enabled: false })]), adminSettings());
  expect(recognise(bearer)).toMatchObject({ id: 'client', kind: 'key' });
  for (const caller of [{}, { authorization: 'Bearer wrong' }, { authorization: 'Bearer old' }, { authorization: 'Bearer the-admin' }]) expect(recognise(caller)).toMatchObject({ id: 'anonymous', kind: 'anonymous' });
  for (let guess = 0; guess < 30; guess += 1) expect(recognise({ authorization: `Bearer guess-${guess}` }).kind).toBe('anonymous');
});

test('guesses at an open address count as guesses', () => {
  const { recognise, outcome } = access(policyOf(closed, closed, [key()]));
  for (let guess = 0; guess < 10; guess += 1) recognise({ authorization: `Bearer guess-${guess}` });
  expect(outcome(bearer, infer)).toBe('429');
});

test('a right key at the wrong door is no guess', () => {
  const { outcome } = access(policyOf(closed, closed, [key(), key({ id: 'late', keyHash: hashOf('late') })]), adminSettings({ allowedIps: ['0.0.0.0/0'] }));
  for (let times = 0; times < 20; times += 1) expect([outcome({ ...admin, address: '203.0.113.9' }, infer), outcome(bearer, adminRule)]).toEqual(['401', '401']);
  expect(outcome({ authorization: 'Bearer late' }, infer)).toBe('late');
});

test('the audit names the key that may not do this, or does too much of it', () => {
  const { outcome, denied } = access(policyOf(closed, closed, [key({ limits: { standalone: { requests: 1, windowSeconds: 60 } } })]));
  outcome(bearer, gateway);
  outcome(bearer, infer);
  outcome(bearer, infer);
  outcome({ authorization: 'Bearer wrong' }, infer);
  expect(denied.map(({ reason, principal }) => [reason, principal])).toEqual([['scope_denied', 'client'], ['rate_limited', 'client'], ['invalid_api_key', 'anonymous']]);
});

test('addresses of one IPv6 customer share a window, and their guesses', () => {
  const { outcome } = access(policyOf({ ...open, defaultLimit: { requests: 1, windowSeconds: 60 } }, closed, [key()]));
  expect([outcome({ address: '2001:db8::1' }, infer), outcome({ address: '2001:db8::2' }, infer), outcome({ address: '2001:db8:0:1::1' }, infer)]).toEqual(['anonymous', '429', 'anonymous']);
  for (let guess = 0; guess < 10; guess += 1) outcome({ address: `2001:db8::${guess}`, authorization: `Bearer guess-${guess}` }, gateway);
  expect(outcome({ address: '2001:db8::ffff', authorization: 'Bearer one-more' }, gateway)).toBe('429');
});

test('a session stands for its key until it ends, is closed, or the key goes', () => {
  const { control, outcome, change } = access(policyOf(closed, open, [key()]));
  const { token, endsAt } = control.sessions.open('client', 0);
  const page = { session: token, fromOwnPage: true };
  expect(outcome(page, infer)).toBe('client');
  expect(outcome({ session: `${token}x`, fromOwnPage: true }, infer)).toBe('401');
  expect(outcome(page, infer, endsAt)).toBe('401');
  change(policyOf(closed, open, []));
  expect(outcome(page, infer)).toBe('401');
  change(policyOf(closed, open, [key()]));
  control.sessions.close(token);
  expect(outcome(page, infer)).toBe('401');
});

test('a session ends with the secret that opened it: a rotated key, or another of the same name, is not its own', () => {
  const { control, outcome, change } = access(policyOf(closed, open, [key()]));
  const page = { session: control.sessions.open('client', 0).token, fromOwnPage: true };
  change(policyOf(closed, open, [key({ name: 'renamed' })]));
  expect(outcome(page, infer)).toBe('client');
  change(policyOf(closed, open, [key({ keyHash: hashOf('oar_rotated'), scopes: ['standalone', 'manage'] })]));
  expect(outcome(page, manage)).toBe('401');
});

test('what lets a caller in can be asked again: it goes with the key, its scope, its time, its session and the plane', () => {
  const { control, admit, change } = access(policyOf(closed, closed, [key({ scopes: ['standalone', 'read'], expiresAt: '1970-01-01T00:01:00Z' })]));
  const { token } = control.sessions.open('client', 0);
  const byKey = admit(bearer, read);
  const bySession = admit({ session: token, fromOwnPage: true }, read);
  const hold = (at = 0): boolean[] => [byKey.holds(at), bySession.holds(at)];
  expect([hold(), hold(59_999), hold(60_000)]).toEqual([[true, true], [true, true], [false, false]]);
  const changed = (...policy: Parameters<typeof policyOf>): boolean[] => {
    change(policyOf(...policy));
    return hold();
  };
  const reader = key({ scopes: ['standalone', 'read'] });
  expect(changed(closed, closed, [])).toEqual([false, false]);
  expect(changed(closed, closed, [key()])).toEqual([false, false]);
  expect(changed(closed, closed, [{ ...reader, enabled: false }])).toEqual([false, false]);
  expect(changed(closed, closed, [{ ...reader, keyHash: hashOf('oar_rotated') }])).toEqual([false, false]);
  expect(changed(off, closed, [reader])).toEqual([false, false]);
  expect(changed(closed, closed, [{ ...reader, name: 'renamed' }])).toEqual([true, true]);
  control.sessions.close(token);
  expect(hold()).toEqual([true, false]);
});

test('an anonymous listener stays for as long as the plane lets strangers in', () => {
  const { admit, change } = access(policyOf(open, closed, []));
  const stranger = admit({}, infer);
  expect(stranger.holds(0)).toBe(true);
  change(policyOf(closed, closed, []));
  expect(stranger.holds(0)).toBe(false);
});

test('a cookie alone changes nothing: the browser must say that a page of this router asks', () => {
  const { control, admit } = access(policyOf(closed, open, [key()]));
  const { token } = control.sessions.open('client', 0);
  expect(() => admit({ session: token, fromOwnPage: false }, infer)).toThrow('A session only changes things for pages of this router');
  expect(() => admit({ session: token, fromOwnPage: false, ...bearer }, infer)).not.toThrow();
});
