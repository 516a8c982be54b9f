import { expect, test } from 'vitest';
import { keyFields } from './key-options.ts';

const now = Date.parse('2026-05-01T12:00:00Z');
const fields = (options: Record<string, unknown>, takenIds: readonly string[] = []) => keyFields(options, { now, takenIds, suffix: '0a1b' });

test.each<[Record<string, unknown>, Record<string, unknown>]>([
  [{}, { id: 'key-0a1b', scopes: ['standalone'] }],
  [{ id: 'kong', scopes: 'runtimeAgent,  read' }, { id: 'kong', scopes: ['runtimeAgent', 'read'] }],
  [{ name: 'Alice’s laptop (new)' }, { id: 'alice-s-laptop-new', name: 'Alice’s laptop (new)', scopes: ['standalone'] }],
  [{ name: '  ' }, { id: 'key-0a1b', scopes: ['standalone'] }],
  [{ name: '日本' }, { id: 'key-0a1b', name: '日本', scopes: ['standalone'] }],
  [{ id: 'a', models: 'small:*, big:70b' }, { id: 'a', scopes: ['standalone'], models: ['small:*', 'big:70b'] }],
  [{ id: 'a', expires: '30d' }, { id: 'a', scopes: ['standalone'], expiresAt: '2026-05-31T12:00:00.000Z' }],
  [{ id: 'a', expires: '90m' }, { id: 'a', scopes: ['standalone'], expiresAt: '2026-05-01T13:30:00.000Z' }],
  [{ id: 'a', expires: '2027-01-31' }, { id: 'a', scopes: ['standalone'], expiresAt: '2027-01-31T00:00:00.000Z' }],
  [{ id: 'a', requests: '100/60s' }, { id: 'a', scopes: ['standalone'], limits: { standalone: { requests: 100, windowSeconds: 60 } } }],
  [{ id: 'a', requests: '1000/h' }, { id: 'a', scopes: ['standalone'], limits: { standalone: { requests: 1000, windowSeconds: 3600 } } }],
  [{ id: 'a', requests: '5/10' }, { id: 'a', scopes: ['standalone'], limits: { standalone: { requests: 5, windowSeconds: 10 } } }],
  [{ id: 'a', requests: '7', scopes: 'standalone,runtimeAgent,manage' }, { id: 'a', scopes: ['standalone', 'runtimeAgent', 'manage'], limits: { standalone: { requests: 7, windowSeconds: 60 }, runtimeAgent: { requests: 7, windowSeconds: 60 } } }],
])('%j is %j', (options, expected) => {
  expect(fields(options)).toEqual(expected);
});

test('two keys of one name get ids of their own', () => {
  expect(fields({ name: 'Alice' }, ['alice']).id).toBe('alice-0a1b');
});

test.each(['30', 'soon', '30y', '99999999d', '2027-13-01', '2026-04-30', '0d'])('--expires %s is refused', (expires) => {
  expect(() => fields({ expires })).toThrow(/--expires/);
});

test.each(['0', '-5', 'x', '5/', '5/0s', '5/x', '1.5/60s', '5/60s/2'])('--requests %s is refused', (requests) => {
  expect(() => fields({ requests })).toThrow(/--requests/);
});
