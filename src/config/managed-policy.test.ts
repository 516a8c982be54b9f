import { expect, test } from 'vitest';
import { checkKey, checkPolicy, parsePolicy, writePolicy } from './managed-policy.ts';

const plane = { enabled: true, auth: { requireApiKey: true, anonymous: 'reject' } };
const key = { id: 'a', keyHash: `sha256:${'a'.repeat(64)}`, enabled: true, scopes: ['standalone'] };
const whole = { version: 3, planes: { standalone: plane, runtimeAgent: plane }, apiKeys: [key] };

function problems(tree: unknown): string {
  const checked = checkPolicy(tree);
  return 'problems' in checked ? checked.problems.map(({ message }) => message).join('\n') : 'none';
}

test('a whole policy is taken, and written as it is read', () => {
  const text = writePolicy(parsePolicy(writePolicy(parsePolicy(JSON.stringify(whole), 'a.yaml')), 'a.yaml'));
  expect(parsePolicy(text, 'a.yaml')).toMatchObject(whole);
});

test.each<[string, unknown, string]>([
  ['nothing at all (AR-D14)', {}, 'planes'],
  ['a plane that is missing', { ...whole, planes: { standalone: plane } }, 'planes.runtimeAgent is missing'],
  ['who may come in is missing', { ...whole, planes: { standalone: { enabled: true }, runtimeAgent: plane } }, 'planes.standalone.auth is missing'],
  ['whether a key is needed is missing', { ...whole, planes: { standalone: { enabled: true, auth: { anonymous: 'reject' } }, runtimeAgent: plane } }, 'planes.standalone.auth.requireApiKey is missing'],
  ['the keys are missing', { version: 1, planes: whole.planes }, 'apiKeys is missing'],
  ['two keys of one name', { ...whole, apiKeys: [key, { ...key, keyHash: `sha256:${'b'.repeat(64)}` }] }, 'apiKeys[1].id repeats a'],
  ['one key under two names', { ...whole, apiKeys: [key, { ...key, id: 'b', keyHash: `sha256:${'A'.repeat(64)}` }] }, 'same key as a'],
  ['a scope that opens no plane', { ...whole, apiKeys: [{ ...key, scopes: ['manage'] }] }, 'apiKeys[0].scopes'],
  ['an unknown key', { ...whole, planes: { ...whole.planes, admin: plane } }, 'planes.admin'],
])('%s is refused by name', (_what, tree, words) => {
  expect(problems(tree)).toContain(words);
});

test('a file that cannot be understood says where', () => {
  expect(() => parsePolicy('planes: [\n', 'a.yaml')).toThrow(/^a\.yaml:/);
  expect(() => parsePolicy('planes:\n  standalone: {enabled: yes}\napiKeys: []\n', 'a.yaml')).toThrow(/a\.yaml:\d+:\d+: .*planes\.standalone/);
});

test('no message shows a hash', () => {
  expect(problems({ ...whole, apiKeys: [{ ...key, keyHash: 'sha256:hunter2' }] })).not.toContain('hunter2');
});

test('a key without a value is a key that is not there (ruling 19), and never one that opens', () => {
  expect(problems({ ...whole, updatedAt: null, planes: { ...whole.planes, standalone: { ...plane, defaultLimit: null } }, apiKeys: [{ ...key, name: null, limits: { standalone: null } }] })).toBe('none');
  expect(problems({ ...whole, apiKeys: null })).toContain('apiKeys is missing');
  expect(problems({ ...whole, planes: { ...whole.planes, standalone: { enabled: true, auth: null } } })).toContain('planes.standalone.auth is missing');
});

test.each(['anonymous', 'anonymous:203.0.113.9', 'admin:0123abcd'])('no key may be called %s, as callers without one are', (id) => {
  expect(problems({ ...whole, apiKeys: [{ ...key, id }] })).toContain('apiKeys[0].id');
});

test('a key alone is told what is wrong with it by its own names, and never the hash', () => {
  const wrong = checkKey({ id: 'a b', keyHash: 'hunter2', scopes: ['standalone', 'all'], limit: 5 });
  expect('problems' in wrong ? wrong.problems.map(({ place }) => place) : []).toEqual(['id', 'keyHash', 'scopes[1]', 'limit']);
  expect(JSON.stringify(wrong)).not.toMatch(/access|hunter2/);
  expect(checkKey({ ...key, expiresAt: null })).toEqual({ key: { ...key, limits: {} } });
});

test('a body of any depth is refused, not fatal', () => {
  let deep: unknown = null;
  for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
  expect(problems({ ...whole, apiKeys: deep })).not.toBe('none');
  expect('problems' in checkKey({ ...key, limits: deep })).toBe(true);
});

test('what stands twice is written twice', () => {
  expect(writePolicy({ ...whole, planes: { standalone: plane, runtimeAgent: plane } })).not.toMatch(/[&*]/);
});
