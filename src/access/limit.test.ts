import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RouterError } from '../core/errors.ts';
import { Limiter } from './limit.ts';

const limit = { requests: 2, windowSeconds: 60 };

function refusal(enter: () => unknown): RouterError {
  try {
    enter();
  } catch (thrown) {
    if (thrown instanceof RouterError) return thrown;
  }
  throw new Error('It was let in.');
}

test('so many requests in a window, then 429 until the next one begins', () => {
  const limiter = new Limiter();
  expect(limiter.enter('a', limit, 0).headers).toEqual({ 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '60' });
  limiter.enter('a', limit, 1000);
  const refused = refusal(() => limiter.enter('a', limit, 2000));
  expect(refused.code).toBe('rate_limited');
  expect(refused.details.retryAfterMs).toBe(58_000);
  expect(refused.details.headers).toMatchObject({ 'x-ratelimit-remaining': '0' });
  limiter.enter('a', limit, 60_000);
});

test('callers do not share a window', () => {
  const limiter = new Limiter();
  limiter.enter('a', { requests: 1, windowSeconds: 1 }, 0);
  expect(() => limiter.enter('b', { requests: 1, windowSeconds: 1 }, 0)).not.toThrow();
});

test('tokens count once they are known', () => {
  const limiter = new Limiter();
  const tokens = { requests: 100, windowSeconds: 10, tokens: 50 };
  const place = limiter.enter('a', tokens, 0);
  limiter.enter('a', tokens, 1);
  place.spend(50);
  expect(refusal(() => limiter.enter('a', tokens, 2)).message).toContain('50 tokens in 10 s');
  expect(() => limiter.enter('a', tokens, 10_000)).not.toThrow();
});

test('requests at once: a place is given back once, however often its holder leaves', () => {
  const limiter = new Limiter();
  const one = { requests: 100, windowSeconds: 10, concurrent: 1 };
  const first = limiter.enter('a', one, 0);
  expect(refusal(() => limiter.enter('a', one, 1)).message).toContain('1 requests at once');
  first.leave();
  first.leave();
  limiter.enter('a', one, 2);
  expect(() => limiter.enter('a', one, 3)).toThrow();
});

test('a limit that changes keeps what was counted', () => {
  const limiter = new Limiter();
  limiter.enter('a', limit, 0);
  limiter.enter('a', limit, 0);
  expect(() => limiter.enter('a', { requests: 3, windowSeconds: 60 }, 0)).not.toThrow();
  expect(() => limiter.enter('a', { requests: 3, windowSeconds: 60 }, 0)).toThrow();
});

test('never more than the limit are let in within one window', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(3000), { maxLength: 60 }), (requests, gaps) => {
      const limiter = new Limiter();
      let at = 0;
      let begun = 0;
      let inside = 0;
      for (const gap of gaps) {
        at += gap;
        if (inside === 0 || at >= begun + 5000) {
          begun = at;
          inside = 0;
        }
        inside += 1;
        const enter = () => limiter.enter('a', { requests, windowSeconds: 5 }, at);
        if (inside <= requests) enter();
        else expect(enter).toThrow(RouterError);
      }
    }),
  );
});

test('callers who come no more are forgotten, and many at once do not cost each of them a search', () => {
  const limiter = new Limiter();
  const many = { requests: 1, windowSeconds: 60 };
  const startedAt = performance.now();
  for (let caller = 0; caller < 100_000; caller += 1) limiter.enter(String(caller), many, 0).leave();
  expect(performance.now() - startedAt).toBeLessThan(2000);
  for (let caller = 0; caller < 100_000; caller += 1) limiter.enter(`later ${caller}`, many, 60_000).leave();
  expect(limiter.size).toBeLessThan(201_000);
  for (let caller = 0; caller < 100_000; caller += 1) limiter.enter(`last ${caller}`, many, 120_000).leave();
  expect(limiter.size).toBeLessThan(201_000);
});
