import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentLatencies } from './recent-latencies.ts';

test('three quarters of the last 500 did not take longer (fleet part 2.2)', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 1300 }), (all) => {
      const latencies = new RecentLatencies();
      for (const ms of all) latencies.add(ms);
      const kept = all.slice(-500).sort((a, b) => a - b);
      return latencies.p75 === kept[Math.ceil(0.75 * kept.length) - 1];
    }),
    { numRuns: 50 },
  );
});

test('nothing is known before the first, and what is no duration is no observation', () => {
  const latencies = new RecentLatencies();
  for (const ms of [Number.NaN, -1, Number.POSITIVE_INFINITY]) latencies.add(ms);
  expect(latencies.p75).toBeUndefined();
  latencies.add(7);
  expect(latencies.p75).toBe(7);
});
