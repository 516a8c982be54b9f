import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Lesson } from './fleet.ts';
import { LearnedSpeeds } from './learn.ts';

const lesson = (more: Partial<Lesson>): Lesson => ({ backendId: 'studio', model: 'm', ok: true, usage: {}, cold: false, ...more });

test('the first request is taken as it is, later ones with three tenths', () => {
  const speeds = new LearnedSpeeds();
  speeds.learn(lesson({ usage: { promptTokens: 100, promptMs: 500, completionTokens: 50, completionMs: 1000 } }));
  expect(speeds.lookup('studio', 'm')).toEqual({ promptTokensPerSecond: 200, completionTokensPerSecond: 50, completionTokens: 50 });
  speeds.learn(lesson({ usage: { promptTokens: 100, promptMs: 1000, completionTokens: 150, completionMs: 1000 } }));
  const { promptTokensPerSecond, completionTokensPerSecond, completionTokens } = speeds.lookup('studio', 'm');
  expect(promptTokensPerSecond).toBeCloseTo(170);
  expect(completionTokensPerSecond).toBeCloseTo(80);
  expect(completionTokens).toBeCloseTo(80);
});

test('prompt tokens from a cache were not computed', () => {
  const speeds = new LearnedSpeeds();
  speeds.learn(lesson({ usage: { promptTokens: 1000, cachedTokens: 900, promptMs: 1000 } }));
  expect(speeds.lookup('studio', 'm').promptTokensPerSecond).toBe(100);
});

test('load time is learned from cold starts alone', () => {
  const speeds = new LearnedSpeeds();
  speeds.learn(lesson({ usage: { loadMs: 20 } }));
  expect(speeds.lookup('studio', 'm').loadMs).toBeUndefined();
  speeds.learn(lesson({ usage: { loadMs: 8000 }, cold: true }));
  expect(speeds.lookup('studio', 'm').loadMs).toBe(8000);
  speeds.learn(lesson({ model: 'silent', cold: true, firstPartMs: 9000, totalMs: 12_000 }));
  expect(speeds.lookup('studio', 'silent').loadMs).toBe(9000);
});

test('a server that reports no times is measured on streams, and on nothing else', () => {
  const speeds = new LearnedSpeeds();
  speeds.learn(lesson({ usage: { promptTokens: 200, completionTokens: 100 }, firstPartMs: 1000, totalMs: 3000 }));
  expect(speeds.lookup('studio', 'm')).toEqual({ promptTokensPerSecond: 200, completionTokensPerSecond: 50, completionTokens: 100, p75Ms: 3000 });
  speeds.learn(lesson({ model: 'whole', usage: { completionTokens: 100 }, firstPartMs: 2999, totalMs: 3000 }));
  expect(speeds.lookup('studio', 'whole').completionTokensPerSecond).toBeUndefined();
});

test('what is learned of durations begins with what earlier processes saw', () => {
  const speeds = new LearnedSpeeds();
  speeds.recall('studio', 'm:latest', [100, 200, 300]);
  expect(speeds.lookup('studio', 'm')).toEqual({ p75Ms: 300 });
  for (let count = 0; count < 9; count += 1) speeds.learn(lesson({ totalMs: 50 }));
  expect(speeds.lookup('studio', 'm').p75Ms).toBe(50);
  speeds.learn(lesson({ ok: false, totalMs: 9000 }));
  expect(speeds.lookup('studio', 'm').p75Ms).toBe(50);
});

test('a failure teaches no speed', () => {
  const speeds = new LearnedSpeeds();
  expect(speeds.learn(lesson({ ok: false, usage: { completionTokens: 5, completionMs: 5 } }))).toBe(false);
  expect(speeds.lookup('studio', 'm')).toEqual({});
});

test('a model and its latest tag are one, two backends are two', () => {
  const speeds = new LearnedSpeeds();
  speeds.learn(lesson({ model: 'm:latest', usage: { completionTokens: 10, completionMs: 1000 } }));
  expect(speeds.lookup('studio', 'm').completionTokensPerSecond).toBe(10);
  expect(speeds.lookup('laptop', 'm')).toEqual({});
});

test('a speed that was looked up stays as it was; the next look-up has the newest', () => {
  const speeds = new LearnedSpeeds();
  const before = speeds.lookup('studio', 'm');
  speeds.learn(lesson({ usage: { completionTokens: 10, completionMs: 1000 } }));
  expect(before).toEqual({});
  expect(speeds.lookup('studio', 'm').completionTokensPerSecond).toBe(10);
});

test('an average never leaves the range of what was seen, and is always a number', () => {
  const counts = fc.record({ promptTokens: fc.nat(1e6), promptMs: fc.double({ min: 0, max: 1e6, noNaN: true }), completionTokens: fc.nat(1e6), completionMs: fc.double({ min: 0, max: 1e6, noNaN: true }) }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.array(counts, { minLength: 1, maxLength: 20 }), (usages) => {
      const speeds = new LearnedSpeeds();
      for (const usage of usages) speeds.learn(lesson({ usage }));
      const learned = speeds.lookup('studio', 'm');
      expect(Object.values(learned).every((value) => value === undefined || (Number.isFinite(value) && value >= 0))).toBe(true);
      const seen = usages.flatMap((usage) => usage.completionTokens ?? []);
      if (seen.length === 0) return;
      expect(learned.completionTokens).toBeGreaterThanOrEqual(Math.min(...seen) - 1e-6);
      expect(learned.completionTokens).toBeLessThanOrEqual(Math.max(...seen) + 1e-6);
    }),
  );
});

test('of servers that come and go, those that were used lately are remembered', () => {
  const speeds = new LearnedSpeeds();
  const used = (backendId: string): boolean => speeds.learn(lesson({ backendId, totalMs: 5 }));
  used('steady');
  for (let count = 0; count < 5000; count += 1) {
    used(`passing-${count}`);
    if (count % 100 === 0) used('steady');
  }
  expect([speeds.lookup('steady', 'm').p75Ms, speeds.lookup('passing-1', 'm').p75Ms]).toEqual([5, undefined]);
});
