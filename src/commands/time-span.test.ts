import { expect, test } from 'vitest';
import { spanMs, spanOf } from './time-span.ts';

test.each([['2h', 7_200_000], ['1h30m', 5_400_000], ['45s', 45_000], ['1d', 86_400_000], ['2', null], ['2 hours', null], ['', null], ['0h', null], ['h', null], ['999999d', null]])('%j is %s ms', (text, ms) => {
  expect(spanMs(text)).toBe(ms);
});

test('what was left out is no time, and what is none is told', () => {
  expect(spanOf(undefined)).toBeNull();
  expect(() => spanOf('soon')).toThrow('--for takes a time such as 30m, 2h or 1d, not soon.');
});
