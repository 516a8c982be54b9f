import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inRange, isOwnHost, isPublicAddress, parseAddress, parseRange } from './address-ranges.ts';

const within = (address: string, range: string): boolean => inRange(parseAddress(address) ?? [], parseRange(range) ?? { address: [], bits: 128 });

test.each([
  ['10.1.2.3', '10.0.0.0/8', true],
  ['11.0.0.0', '10.0.0.0/8', false],
  ['192.168.1.130', '192.168.1.128/25', true],
  ['192.168.1.127', '192.168.1.128/25', false],
  ['192.168.1.1', '192.168.1.1', true],
  ['192.168.1.2', '192.168.1.1/32', false],
  ['255.1.2.3', '0.0.0.0/0', true],
  ['fd12::1', 'fc00::/7', true],
  ['fe00::1', 'fc00::/7', false],
  ['2001:db8::1', '2001:DB8::/32', true],
  ['::ffff:10.0.0.1', '10.0.0.0/8', true],
  ['::1', '0.0.0.0/0', false],
])('%s within %s: %s', (address, range, expected) => expect(within(address, range)).toBe(expected));

test.each(['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.-4', ':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', 'fffff::', '1.2.3.4::', '::1.2.3', 'example.org', '1:2:3:4:5:6:7::8'])(
  '%j is no address', (text) => expect(parseAddress(text)).toBeNull());

test.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8/8', 'fc00::/129', 'x/8', ''])('%j is no range', (text) => expect(parseRange(text)).toBeNull());

test('all ways of writing an IPv6 address are one', () => {
  const long = parseAddress('2001:0db8:0000:0000:0000:0000:c000:0201');
  for (const text of ['2001:db8::c000:201', '[2001:DB8::C000:201]', '2001:db8::192.0.2.1', '2001:db8:0:0::c000:201%eth0']) expect(parseAddress(text), text).toEqual(long);
});

test.each([
  '0.0.0.0', '10.0.0.1', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.255.255', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.2.1', '192.168.0.1',
  '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255',
  '::', '::1', '::ffff:8.8.8.8', '::ffff:127.0.0.1', '::127.0.0.1', '64:ff9b::8.8.8.8', '100::1', 'fc00::1', 'fd00::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', '5f00::1',
  'example.org', 'localhost', '',
])('%j is not public', (text) => expect(isPublicAddress(text)).toBe(false));

test.each(['1.1.1.1', '8.8.8.8', '93.184.216.34', '100.63.255.255', '100.128.0.0', '172.15.0.1', '172.32.0.1', '192.167.0.1', '223.255.255.255', '2606:4700::1111', '2001:4860:4860::8888', '2a00:1450:4001::1'])(
  '%s is public', (text) => expect(isPublicAddress(text)).toBe(true));

test('no IPv4 address is public in an IPv6 disguise', () => {
  fc.assert(fc.property(fc.ipV4(), fc.constantFrom('::ffff:', '::', '64:ff9b::'), (four, front) => !isPublicAddress(`${front}${four}`)));
});

test.each(['localhost', 'LOCALHOST', 'ollama', 'studio.local', 'nas.lan', 'gpu.home.arpa', 'a.b.internal', '127.0.0.1', '[::1]', '192.168.1.5', '10.0.0.2', '100.101.102.103', '[fd00::5]', '[fe80::1]', '0.0.0.0', '[::ffff:192.168.0.1]'])(
  '%s is of one\'s own network', (host) => expect(isOwnHost(host)).toBe(true));

test.each(['api.openai.com', 'example.org', '8.8.8.8', '[2606:4700::1111]', 'local.example.org', ''])('%s is somebody else\'s', (host) => expect(isOwnHost(host)).toBe(false));
