/** Rows in order, and as text. */
import { expect, test } from 'vitest';
import { csvOf, orderIn, orderText, sorted, windowOf } from './sorting.ts';

test('rows are in the order of numbers or of names as people read them, unknown ones last either way', () => {
  const rows = [{ v: 10 }, { v: null }, { v: 9 }, { v: 100 }];
  expect(sorted(rows, (row) => row.v, false).map((row) => row.v)).toEqual([9, 10, 100, null]);
  expect(sorted(rows, (row) => row.v, true).map((row) => row.v)).toEqual([100, 10, 9, null]);
  expect(sorted(['m:14b', 'M:8b', ''], (name) => name, false)).toEqual(['M:8b', 'm:14b', '']);
});

test('an order stands in the address', () => {
  const usual = { column: 'time', down: true };
  expect([orderIn(undefined, usual), orderIn('model', usual), orderIn('-tokens', usual)]).toEqual([usual, { column: 'model', down: false }, { column: 'tokens', down: true }]);
  expect(orderText(orderIn('-tokens', usual))).toBe('-tokens');
});

test('a table for spreadsheets quotes what it must, and runs nothing', () => {
  expect(csvOf(['a', 'b'], [['x,"y"', 1], ['=HYPERLINK("evil")', null], [-1, true]])).toBe('a,b\r\n"x,""y""",1\r\n"\'=HYPERLINK(""evil"")",\r\n-1,true\r\n');
});

test('of a long list only what is seen is drawn, with some to spare', () => {
  expect(windowOf(10_000, { top: 3200, height: 640, rowHeight: 32, spare: 10 })).toEqual({ first: 90, last: 130 });
  expect(windowOf(5, { top: 0, height: 640, rowHeight: 32 })).toEqual({ first: 0, last: 5 });
  expect(windowOf(0, { top: 500, height: 640, rowHeight: 32 })).toEqual({ first: 0, last: 0 });
});
