import { expect, test } from 'vitest';
import { allowsHost } from './host-patterns.ts';

test.each([
  ['example.org', 'https://example.org/a.png', true],
  ['example.org', 'http://EXAMPLE.org./a.png', true],
  ['Example.ORG', 'https://example.org/', true],
  ['example.org', 'https://www.example.org/', false],
  ['example.org', 'https://example.org.evil.net/', false],
  ['example.org', 'https://notexample.org/', false],
  ['example.org', 'https://example.org:8443/', false],
  ['example.org', 'http://example.org:80/', true],
  ['example.org:8443', 'https://example.org:8443/', true],
  ['example.org:8443', 'https://example.org/', false],
  ['example.org:443', 'https://example.org/', true],
  ['*.example.org', 'https://a.example.org/', true],
  ['*.example.org', 'https://a.b.example.org/', true],
  ['*.example.org', 'https://example.org/', false],
  ['*.example.org', 'https://evilexample.org/', false],
  ['*.example.org', 'https://.example.org/', false],
  ['*.example.org:8080', 'http://a.example.org:8080/', true],
  ['*', 'https://example.org/', false],
  ['', 'https://example.org/', false],
  ['bücher.example', 'https://xn--bcher-kva.example/', true],
  ['[2606:4700::1111]', 'http://[2606:4700::1111]/', true],
  ['93.184.216.34', 'http://93.184.216.34/', true],
])('%j and %s: %s', (pattern, address, expected) => expect(allowsHost(['other.example', pattern], new URL(address))).toBe(expected));
