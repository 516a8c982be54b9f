import { expect, test } from 'vitest';
import { tagsOf, withHeaders } from './request-tags.ts';

test("the body's, the header's and the user, in this order, each once (fleet part 1.4)", () => {
  expect(tagsOf(['b', ' c ', ''], { tags: ['a', 'b'], user: 'ada' })).toEqual(['a', 'b', 'c', 'user:ada']);
});

test('without any there are none', () => {
  expect(tagsOf(undefined, {})).toEqual([]);
  expect(tagsOf(undefined, null)).toEqual([]);
  expect(tagsOf([''], { user: '' })).toEqual([]);
});

test('what callers make up is bounded and holds no controls', () => {
  const many = Array.from({ length: 5000 }, (_, index) => `t${index}`);
  expect(tagsOf(undefined, { tags: many })).toHaveLength(32);
  expect(tagsOf(undefined, { tags: ['x'.repeat(1e6), 'a\u0000b\nc'] })).toEqual(['x'.repeat(64), 'a b c']);
  // 63 letters, then a character of two halves: it does not fit as a whole.
  expect(tagsOf(undefined, { tags: [`${'x'.repeat(63)}😀`] })).toEqual(['x'.repeat(63)]);
});

test.each([
  ['{"model":"m"}', '{"model":"m","metadata":{"tags":["h"]}}'],
  ['{"metadata":{"run":"7","tags":["a"]}}', '{"metadata":{"run":"7","tags":["a","h"]}}'],
  ['{"metadata":null}', '{"metadata":{"tags":["h"]}}'],
  ['{"metadata":"x"}', '{"metadata":"x"}'],
])('a request that is kept keeps the tags of its header: %s', (body, expected) => {
  expect(withHeaders(body, { tags: [' h '] })).toBe(expected);
  expect(withHeaders(body, {})).toBe(body);
});

test('and that nothing else may serve', () => {
  expect(withHeaders('{"model":"m","router":{"mode":"async"}}', { noSubstitution: true })).toBe('{"model":"m","router":{"mode":"async","allowSubstitution":false}}');
});
