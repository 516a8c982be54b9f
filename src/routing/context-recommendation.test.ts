import { expect, test } from 'vitest';
import { percentile, recommendedContext } from './context-recommendation.ts';

// The first two are contract fleet part 2.5's own examples.
test.each([[5000, 0, 8192], [20_000, 0, 32_768], [0, 0, 4096], [100, 20_000, 32_768], [2730, 2730, 4096], [2731, 0, 8192]])('p99 %i, longest %i: %i', (p99, max24h, expected) => {
  expect(recommendedContext({ p99, max24h })).toBe(expected);
});

test.each<[readonly number[], number, number]>([[[], 0.99, 0], [[7], 0.5, 7], [[3, 1, 2, 4], 0.5, 2], [Array.from({ length: 200 }, (_, at) => 200 - at), 0.99, 198]])('%j, %d', (values, share, expected) => {
  expect(percentile(values, share)).toBe(expected);
});
