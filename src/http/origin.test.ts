import { expect, test } from 'vitest';
import { RouterError } from '../core/errors.ts';
import { checkOrigin, corsHeaders, HostCheck, preflightHeaders } from './origin.ts';

const here = '192.168.1.7:11435';

function may(origin: string | undefined, host: string, allowed: readonly string[], strict: boolean): boolean {
  try {
    checkOrigin({ host, ...(origin === undefined ? {} : { origin }) }, allowed, strict);
    return true;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RouterError);
    expect(thrown).toMatchObject({ code: 'forbidden' });
    return false;
  }
}

test.each<[string, string | undefined, string, readonly string[], boolean, boolean]>([
  ['a program, which says nothing', undefined, here, [], true, true],
  ['a page of this router', `http://${here}`, here, [], true, true],
  ['the same over HTTPS, whose port is left out', 'https://router.lan', 'router.lan:443', [], true, true],
  ['a page of another site', 'https://evil.example', here, [], false, false],
  ['a page of another port of this machine, that may change things', 'http://192.168.1.7:8080', here, [], true, false],
  ['a page on the caller\'s own machine', 'http://localhost:3000', here, [], false, true],
  ['the same, to change things', 'http://localhost:3000', here, [], true, false],
  ['a name pointed here by somebody else (DNS rebinding)', 'http://evil.example:11435', 'evil.example:11435', [], false, false],
  ['a listed page', 'https://chat.example.org', here, ['https://chat.example.org'], true, true],
  ['any, when any is listed', 'https://evil.example', here, ['*'], true, true],
  ['a desktop application', 'app://obsidian.md', here, [], false, true],
  ['a sandboxed page', 'null', here, [], false, false],
  ['the host with a longer name', 'http://192.168.1.7.evil.example:11435', here, [], false, false],
])('%s', (_what, origin, host, allowed, strict, expected) => {
  expect(may(origin, host, allowed, strict)).toBe(expected);
});

test('without listed origins no browser is told anything', () => {
  expect(corsHeaders({ origin: 'https://a.example' }, [])).toBeNull();
  expect(preflightHeaders({ origin: 'https://a.example' }, [])).toBeNull();
});

test('a listed origin may read answers, another is not told so', () => {
  const listed = ['https://a.example'];
  expect(corsHeaders({ origin: 'https://a.example' }, listed)).toMatchObject({ 'access-control-allow-origin': 'https://a.example', vary: 'Origin' });
  expect(corsHeaders({ origin: 'https://b.example' }, listed)).toEqual({ vary: 'Origin' });
  expect(preflightHeaders({ origin: 'https://a.example', 'access-control-request-headers': 'x-oar-backend' }, listed)).toMatchObject({ 'access-control-allow-headers': 'x-oar-backend' });
});

test.each<[string, string | undefined, readonly string[], boolean]>([
  ['an address', '127.0.0.1:11435', [], true],
  ['an address over IPv6', '[::1]:11435', [], true],
  ['a name of this machine', 'localhost:11435', [], true],
  ['a name without a domain, as containers have', 'oar:11435', [], true],
  ['no name at all, as HTTP/1.0 has it', undefined, [], true],
  ['a name that anybody may have pointed here', 'evil.example:11435', [], false],
  ['a name that only begins like an address', '127.0.0.1.evil.example', [], false],
  ['a public address, since nothing can be pointed elsewhere', '203.0.113.9', [], true],
  ['what is no name', 'a b', [], false],
  ['the name of a listed origin', 'chat.example.org', ['https://chat.example.org'], true],
  ['any, when any origin is listed', 'evil.example', ['*'], true],
])('without a key the router may be called by %s', (_what, host, origins, expected) => {
  const hosts = new HostCheck(origins);
  // The second time it is known already.
  for (let times = 0; times < 2; times += 1) {
    if (expected) expect(() => hosts.check(host)).not.toThrow();
    else expect(() => hosts.check(host)).toThrow(RouterError);
  }
});
