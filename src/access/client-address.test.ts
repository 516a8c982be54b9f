import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clientAddress, isAmong, isLoopbackAddress, isOwnMachine, networkOf, parseRanges } from './client-address.ts';

const proxies = parseRanges(['10.0.0.0/8', 'fd00::/8'], 'x');

test.each<[string, string, string | undefined, string]>([
  ['no proxy in front', '203.0.113.9', '1.2.3.4', '203.0.113.9'],
  ['a trusted proxy', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['what the caller wrote to the left counts for nothing (AR-D28)', '10.0.0.1', '10.1.2.3, 6.6.6.6', '6.6.6.6'],
  ['a chain of trusted proxies', '10.0.0.1', '203.0.113.9, 10.0.0.3, 10.0.0.2', '203.0.113.9'],
  ['over IPv6', 'fd00::1', '2001:db8::7', '2001:db8::7'],
  ['an IPv4 address in IPv6 clothes', '::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['with ports', '10.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
  ['with brackets and port', '10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
  ['with a zone, which means nothing here', '10.0.0.1', 'fe80::7%eth0', 'fe80::7'],
  ['what is no address ends the search', '10.0.0.1', '203.0.113.9, unknown', '10.0.0.1'],
  ['only trusted ones', '10.0.0.1', '10.9.9.9', '10.9.9.9'],
  ['no header', '10.0.0.1', undefined, '10.0.0.1'],
])('%s', (_what, socket, forwarded, expected) => {
  expect(clientAddress(socket, forwarded, proxies)).toBe(expected);
});

const four = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((bytes) => bytes.join('.'));

test('whatever a caller writes into the header, the address a proxy saw is the one', () => {
  const strangers = four.filter((address) => !address.startsWith('10.'));
  fc.assert(
    fc.property(fc.array(fc.oneof(four, fc.string())), strangers, fc.array(four.map((one) => `10.${one.split('.').slice(1).join('.')}`)), (made, seen, hops) => {
      const forwarded = [...made.map((one) => one.replaceAll(',', '')), seen, ...hops].join(', ');
      expect(clientAddress('10.0.0.1', forwarded, proxies)).toBe(seen);
    }),
  );
});

test('a range holds exactly the addresses that share its leading bits', () => {
  const number = (address: string): number => address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  fc.assert(
    fc.property(four, four, fc.integer({ min: 0, max: 32 }), (base, address, bits) => {
      const size = 2 ** (32 - bits);
      const same = Math.floor(number(base) / size) === Math.floor(number(address) / size);
      expect(isAmong(address, parseRanges([`${base}/${bits}`], 'x'))).toBe(same);
    }),
  );
});

test.each(['10.0.0.0/', '10.0.0.0/33', '300.1.1.1', 'fd00::/129', 'example.org', '', '1.2.3.4/8/8', '::1::'])('%j is refused by name (AR-D29)', (entry) => {
  expect(() => parseRanges(['127.0.0.1', entry], 'access.admin.allowedIps')).toThrow(`access.admin.allowedIps has "${entry}"`);
});

test.each([['127.0.0.1', true], ['127.9.9.9', true], ['::1', true], ['::ffff:127.0.0.1', true], ['10.0.0.1', false], ['::2', false], ['nonsense', false]])('%s is of this machine: %s', (address, expected) => {
  expect(isLoopbackAddress(address)).toBe(expected);
});

test('IPv6 spelling does not matter', () => {
  expect(isAmong('FD12:0:0:0:0:0:0:1', parseRanges(['fd12::1'], 'x'))).toBe(true);
  expect(isAmong('fd12::1:0', parseRanges(['fd12::/112'], 'x'))).toBe(false);
});

test.each<[string, string, string | undefined, readonly string[], boolean]>([
  ['a program on it', '127.0.0.1', undefined, [], true],
  ['one elsewhere', '203.0.113.9', undefined, [], false],
  ['somebody behind a proxy that is not known', '127.0.0.1', '203.0.113.9', [], false],
  ['somebody who writes the header himself', '127.0.0.1', '127.0.0.1', [], false],
  ['a program on it, through a proxy that is known', '127.0.0.1', '127.0.0.1', ['127.0.0.1'], true],
  ['what a known proxy cannot name', '127.0.0.1', 'unknown', ['127.0.0.1'], false],
  ['the same behind more of them', '127.0.0.1', 'unknown, 127.0.0.1', ['127.0.0.1'], false],
])('is it this machine? %s', (_what, address, forwarded, trusted, expected) => {
  expect(isOwnMachine(address, forwarded, parseRanges(trusted, 'x'))).toBe(expected);
});

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2::9', '20010db800010002/64'],
  ['2001:DB8:1:2:ffff:ffff:ffff:ffff', '20010db800010002/64'],
  ['2001:db8:1:3::9', '20010db800010003/64'],
  ['unknown', 'unknown'],
])('%s counts as %s', (address, expected) => {
  expect(networkOf(address)).toBe(expected);
});
