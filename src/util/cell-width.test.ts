import { expect, test } from 'vitest';
import { cellWidth, cutToCells, fitToCells, shownText } from './cell-width.ts';

test.each([['', 0], ['abc', 3], ['żółw', 4], ['e\u0301', 1], ['模型', 4], ['🦙', 2], ['ｆ', 2], ['한국', 4], ['█░…·', 4]])('%j takes %d cells', (text, cells) => expect(cellWidth(text)).toBe(cells));

test.each([
  ['\u001b[31mred\u001b]0;title\u0007', ' [31mred ]0;title '],
  ['a\r\nb\tc', 'a b c'],
  ['a\u202Eb\u200Bc\u2066d', 'a b c d'],
  ['a\u009b31mb', 'a 31mb'],
  ['\ud83e', ' '],
  ['<b>&amp;', '<b>&amp;'],
])('%j steers no terminal', (text, shown) => expect(shownText(text)).toBe(shown));

test.each([['abcdef', 4, 'abc…'], ['abcd', 4, 'abcd'], ['模型模型', 5, '模型…'], ['模型模型', 4, '模…'], ['abc', 1, '…'], ['abc', 0, '']])('%j in %d cells is %j', (text, cells, cut) => {
  expect(cutToCells(text, cells)).toBe(cut);
  expect(cellWidth(fitToCells(text, cells))).toBe(cells);
});
