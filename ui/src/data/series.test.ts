/** Lines, and their colours. */
import { expect, test } from 'vitest';
import { coloursOf, seriesCount } from './colours.ts';
import { bucketTimes, largest, linesOf, sparkPoints, stacked } from './series.ts';

const read = { at: (row: { t: number }) => row.t, group: (row: { g: string }) => row.g, value: (row: { v: number }) => row.v };

test('hours without a row are there too', () => {
  const times = bucketTimes({ from: 3700, to: 14_500 }, 3600);
  expect(times).toEqual([3600, 7200, 10_800, 14_400]);
  expect(linesOf([{ t: 7200, g: 'a', v: 5 }, { t: 14_400, g: 'b', v: 1 }, { t: 99, g: 'c', v: 1 }] as { t: number; g: string; v: number }[], times, read, 0)).toEqual([{ name: 'a', values: [0, 5, 0, 0] }, { name: 'b', values: [0, 0, 0, 1] }]);
});

test('small groups are one', () => {
  const lines = [{ name: 'a', values: [1, 1] }, { name: 'b', values: [9, null] }, { name: 'c', values: [0, 3] }];
  expect(largest(lines, 2, 'others')).toEqual([{ name: 'b', values: [9, null] }, { name: 'others', values: [1, 4] }]);
  expect(largest(lines, 3, 'others').map((line) => line.name)).toEqual(['b', 'c', 'a']);
});

test('bars stand on each other', () => {
  expect(stacked([{ name: 'a', values: [1, null] }, { name: 'b', values: [2, 3] }])).toEqual([{ name: 'a', values: [1, 0] }, { name: 'b', values: [3, 3] }]);
});

test('a small line ends at the right', () => {
  expect(sparkPoints([0, 10], 3)).toBe('50.0,19.0 100.0,1.0');
});

test('names have different colours as long as there are enough, and keep them when others come', () => {
  const names = ['studio', 'laptop', 'attic', 'rack-1'];
  const colours = coloursOf(names);
  expect(new Set(colours.values()).size).toBe(4);
  expect(coloursOf([...names].reverse())).toEqual(colours);
  expect([...coloursOf(Array.from({ length: 30 }, (_, index) => `n${index}`)).values()].every((colour) => colour >= 1 && colour <= seriesCount)).toBe(true);
});
