import { expect, test } from 'vitest';
import type { NamedHost } from './heartbeat-body.ts';
import { hostOfServers, refuseItself } from './heartbeat-host.ts';

const own = ['127.0.0.1', '192.168.1.2', 'fe80::2'];
const named = (...hosts: readonly string[]): NamedHost[] => hosts.map((host) => ({ field: 'lan_ip', host }));

function hostFor(sender: string, hosts: readonly string[], allowOtherHosts = false): string {
  return hostOfServers(named(...hosts), sender, { allowOtherHosts, ownAddresses: () => own, ownPort: () => 11_435 });
}

test.each<[string, readonly string[], string]>([
  ['127.0.0.1', [], '127.0.0.1'],
  ['::1', ['localhost', '127.0.0.1'], '127.0.0.1'],
  // An old agent on the router's own machine names the address of that machine in the network.
  ['127.0.0.1', ['localhost', '192.168.1.2'], '127.0.0.1'],
  ['192.168.1.7', ['localhost', '192.168.1.7'], '192.168.1.7'],
  ['192.168.1.7', ['0.0.0.0', '::'], '192.168.1.7'],
  ['fd00::7', ['fd00:0::0007'], 'fd00::7'],
])('a report from %s that names %j: its servers are at %s', (sender, hosts, host) => {
  expect(hostFor(sender, hosts)).toBe(host);
});

test.each<[string, readonly string[]]>([
  ['127.0.0.1', ['10.0.0.66']],
  ['192.168.1.7', ['192.168.1.8']],
  // The router's own address is another host for everybody else.
  ['192.168.1.7', ['192.168.1.2']],
  ['192.168.1.7', ['localhost', 'attacker.example']],
  ['192.168.1.7', ['localhost.attacker.example']],
])('a report from %s that names %j is refused unless other hosts are allowed', (sender, hosts) => {
  expect(() => hostFor(sender, hosts)).toThrow(/fleet\.allowOtherHosts: true/);
  expect(hostFor(sender, hosts, true)).toBe(hosts.at(-1));
});

test.each<[string, number, boolean]>([
  ['127.0.0.1', 11_435, true],
  ['192.168.1.2', 11_435, true],
  ['127.0.0.1', 11_434, false],
  ['192.168.1.7', 11_435, false],
])('a server at %s:%i is the router itself: %s', (address, port, refused) => {
  const offer = (): void => refuseItself([{ name: 'ollama', port }], address, { ownAddresses: () => own, ownPort: () => 11_435 });
  if (refused) expect(offer).toThrow(/is this router/);
  else expect(offer).not.toThrow();
});
