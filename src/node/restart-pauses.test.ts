import { expect, test } from 'vitest';
import { pauseBeforeRestart } from './restart-pauses.ts';

test('pauses grow with each death, up to half a minute', () => {
  const deaths = [0, 10_000, 20_000, 30_000];
  expect(deaths.map((_, index) => pauseBeforeRestart(deaths.slice(0, index + 1)))).toEqual([1000, 2000, 4000, 8000]);
});

test('the fifth death within five minutes is the last', () => {
  expect(pauseBeforeRestart([0, 60_000, 120_000, 180_000, 299_999])).toBeNull();
  expect(pauseBeforeRestart([0, 60_000, 120_000, 180_000, 300_000])).toBe(8000);
});

test('a death now and then never adds up', () => {
  expect(pauseBeforeRestart(Array.from({ length: 100 }, (_, index) => index * 3_600_000))).toBe(1000);
});
