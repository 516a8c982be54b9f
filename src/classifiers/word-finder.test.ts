import { expect, test } from 'vitest';
import { WordFinder, wordsOf } from './word-finder.ts';

const finder = new WordFinder({ tool: ['tool'], fix: ['fix', 'napraw*'], phrase: ['step by step'], lang: ['c++', 'node.js'], sum: ['总结'] });

function found(text: string): Record<string, number> {
  return Object.fromEntries(finder.count(wordsOf(text)));
}

test('words count as wholes, in any case and beside any punctuation', () => {
  expect(found('A stool, a toolbox and a prefix')).toEqual({});
  expect(found('(Tool) tool! FIX')).toEqual({ tool: 2, fix: 1 });
  expect(found('naïvefix żfix')).toEqual({});
});

test('an open end takes any ending, a phrase all its words in order', () => {
  expect(found('Naprawiłem to')).toEqual({ fix: 1 });
  expect(found('Step by\nstep; step after step by')).toEqual({ phrase: 1 });
});

test('names of languages keep their signs; Han needs no spaces', () => {
  expect(found('Is C++ faster than node.js?')).toEqual({ lang: 2 });
  expect(found('请总结这篇文章')).toEqual({ sum: 1 });
});
