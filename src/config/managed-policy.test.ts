import { expect, test } from 'vitest';
import { checkPolicy, parsePolicy, writePolicy } from './managed-policy.ts';

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
