/** Limits of keys, read and typed. */
import { expect, test } from 'vitest';
import { limitsIn, limitWords, planesOf } from './limits.ts';

function typed(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(`limits.${name}`, value);
  return form;
}

test.each([
  [{ requests: 60, windowSeconds: 60, concurrent: 2 }, '60 requests a minute, 2 at once'],
  [{ requests: 1, windowSeconds: 1 }, '1 request a second'],
  [{ requests: 1200, windowSeconds: 86_400, tokens: 1_000_000 }, '1,200 requests and 1,000,000 tokens a day'],
  [{ requests: 5, windowSeconds: 90, tokens: 1, concurrent: 1 }, '5 requests and 1 token in 1 min 30 s, 1 at once'],
])('%j reads: %s', (standalone, words) => {
  expect(limitWords({ scopes: ['standalone', 'read'], limits: { standalone } })).toBe(words);
});

test('the plane is named where the key has a choice of them, and no limit is told as none', () => {
  const runtimeAgent = { requests: 10, windowSeconds: 3600 };
  expect(limitWords({ scopes: ['standalone', 'runtimeAgent'], limits: { standalone: { requests: 2, windowSeconds: 60 }, runtimeAgent } })).toBe('standalone: 2 requests a minute; runtimeAgent: 10 requests an hour');
  expect(limitWords({ scopes: ['standalone', 'runtimeAgent'], limits: { runtimeAgent } })).toBe('runtimeAgent: 10 requests an hour');
  expect([limitWords({ scopes: ['standalone'], limits: {} }), limitWords({ scopes: ['standalone'] })]).toEqual(['none', 'none']);
});

test('a limit of a plane that the key may no longer use is still shown', () => {
  expect(planesOf(['standalone', 'read'], { runtimeAgent: { requests: 1, windowSeconds: 1 } })).toEqual(['standalone', 'runtimeAgent']);
  expect(planesOf(['standalone', 'read', 'manage'])).toEqual(['standalone']);
});

test('what is typed becomes limits; empty is none, and so is a window in which nothing is counted', () => {
  expect(limitsIn(typed({ 'standalone.requests': ' 60 ', 'standalone.windowSeconds': '60', 'standalone.tokens': '', 'runtimeAgent.windowSeconds': '60' }))).toEqual({ standalone: { requests: 60, windowSeconds: 60 } });
  expect(limitsIn(typed({}))).toEqual({});
});

test('what is no number is left to the router to refuse', () => {
  expect(limitsIn(typed({ 'runtimeAgent.tokens': '1.5k', 'runtimeAgent.concurrent': '-1' }))).toEqual({ runtimeAgent: { tokens: '1.5k', concurrent: '-1' } });
});
