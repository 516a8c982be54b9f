/** Numbers and times as people read them. */
import { expect, test } from 'vitest';
import { count, duration, figure, gigabytes, percent, relative, short, words } from './format.ts';

test.each([[0, '0'], [0.414, '0.41'], [4.123, '4.12'], [41.26, '41.3'], [412.4, '412'], [4120, '4,120'], [null, '–'], [Number.NaN, '–']])('the figure %s is %s', (value, text) => {
  expect(figure(value)).toBe(text);
});

test.each([[0, '0 ms'], [8.4, '8 ms'], [999, '999 ms'], [999.6, '1.0 s'], [4200, '4.2 s'], [59_400, '59 s'], [60_000, '1 min'], [185_000, '3 min 5 s'], [7_800_000, '2 h 10 min'], [273_600_000, '3 d 4 h'], [undefined, '–']])('%s ms is %s', (value, text) => {
  expect(duration(value)).toBe(text);
});

test('large numbers are short on an axis and whole in a table', () => {
  expect([812, 8120, 999_600, 81_200_000].map(short)).toEqual(['812', '8.12 k', '1 M', '81.2 M']);
  expect(count(1234567)).toBe('1,234,567');
});

test('sizes and shares have their unit', () => {
  expect([0.3, 20.1, 1930].map(gigabytes)).toEqual(['300 MB', '20.1 GB', '1.93 TB']);
  expect([0, 0.52, 31.4].map(percent)).toEqual(['0 %', '0.5 %', '31 %']);
});

test('moments are told by how far away they are', () => {
  expect([1_000_000, 996_000, 760_000, -6_200_000].map((at) => relative(at, 1_000_000))).toEqual(['just now', 'just now', '4 min ago', '2 h ago']);
  expect(relative(8_200_000, 1_000_000)).toBe('in 2 h');
  expect(relative(null, 1)).toBe('never');
});

test('codes are read as words', () => {
  expect([words('high_error_rate'), words('queueDepth')]).toEqual(['high error rate', 'queue depth']);
});
