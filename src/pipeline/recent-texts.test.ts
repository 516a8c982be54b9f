import { expect, test } from 'vitest';
import { RecentTexts } from './recent-texts.ts';

test('the longest unused makes room, by number and by size', () => {
  const texts = new RecentTexts(3, 10);
  for (const key of ['a', 'b', 'c']) texts.set(key, 'xx', 100);
  expect(texts.get('a', 0)).toBe('xx');
  texts.set('d', 'xx', 100);
  expect(['a', 'b', 'c', 'd'].filter((key) => texts.get(key, 0) !== null)).toEqual(['a', 'c', 'd']);
  texts.set('e', 'x'.repeat(7), 100);
  expect(['a', 'c', 'd', 'e'].filter((key) => texts.get(key, 0) !== null)).toEqual(['d', 'e']);
  texts.set('f', 'x'.repeat(11), 100);
  expect(['d', 'e', 'f'].filter((key) => texts.get(key, 0) !== null)).toEqual([]);
});

test('what is replaced counts once, and what is over its time is gone', () => {
  const texts = new RecentTexts(3, 10);
  for (let round = 0; round < 5; round += 1) texts.set('a', 'x'.repeat(6), 100);
  expect(texts.get('a', 99)).toBe('xxxxxx');
  expect(texts.get('a', 100)).toBeNull();
  expect(texts.get('a', 0)).toBeNull();
});
