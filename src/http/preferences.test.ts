/** What callers would rather have. */
import { expect, test } from 'vitest';
import { prefersHtml, takesEncoding } from './preferences.ts';

test.each([
  ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8', true],
  ['*/*', false],
  ['', false],
  ['application/json', false],
  ['application/json, text/html;q=0.5', false],
  ['text/html;q=0', false],
  ['TEXT/HTML', true],
])('%j asks for a page: %s', (accept, wanted) => {
  expect(prefersHtml(accept)).toBe(wanted);
});

test.each([
  ['gzip, deflate, br', 'br', true],
  ['gzip, deflate', 'br', false],
  ['br;q=0, *', 'br', false],
  ['*', 'gzip', true],
  ['', 'gzip', false],
])('%j takes %s: %s', (header, coding, taken) => {
  expect(takesEncoding(header, coding)).toBe(taken);
});
