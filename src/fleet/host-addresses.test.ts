import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { nodeReport, nodeState } from '../../test/fakes/nodes.ts';
import { backend, fleet } from '../../test/fakes/brain.ts';
import { HostAddresses } from './host-addresses.ts';
import { ServerBackends } from './server-backends.ts';

interface Asked {
  readonly host: string;
  answer(addresses: readonly string[]): void;
  fail(): void;
}

/** Names whose answers the test gives. */
function names(changed: () => void = () => {}) {
  const clock = new FakeClock();
  const asked: Asked[] = [];
  const lookUp = (host: string): Promise<readonly string[]> => new Promise((resolve, reject) => asked.push({ host, answer: resolve, fail: () => reject(new Error('ENOTFOUND')) }));
  return { clock, asked, hosts: new HostAddresses({ clock, lookUp, changed }) };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a name is asked for once, however often somebody wants to know, and again after a while', async () => {
  let told = 0;
  const { clock, asked, hosts } = names(() => { told += 1; });
  for (let count = 0; count < 5; count += 1) expect(hosts.of('desk.lan')).toBeNull();
  asked[0]?.answer(['10.0.0.1']);
  await settled();
  expect([asked.length, told, hosts.of('desk.lan')]).toEqual([1, 1, ['10.0.0.1']]);
  clock.advance(300_000);
  expect(hosts.of('desk.lan')).toEqual(['10.0.0.1']);
  asked[1]?.fail();
  await settled();
  expect([asked.length, told, hosts.of('desk.lan')]).toEqual([2, 1, ['10.0.0.1']]);
  expect([hosts.of('10.0.0.7'), hosts.of('fd00::1'), asked.length]).toEqual([[], [], 2]);
});

test('nobody waits long for an answer, which counts when it comes', async () => {
  let told = 0;
  const { clock, asked, hosts } = names(() => { told += 1; });
  hosts.of('desk.lan');
  clock.advance(3_000);
  expect([told, hosts.of('desk.lan')]).toEqual([1, []]);
  asked[0]?.answer(['10.0.0.1']);
  await settled();
  expect([told, hosts.of('desk.lan')]).toEqual([2, ['10.0.0.1']]);
  hosts.stop();
});

test('a server that is configured by its name is never there twice, also while the name is looked up', async () => {
  const added: string[] = [];
  const placed: (readonly [string, string | null])[] = [];
  const nodes = [nodeState('a', nodeReport('a', 40, { servers: [{ name: 'ollama', kind: 'ollama', port: 11_434, status: 'up', models: [], resident: null }] }), { address: '10.0.0.1' })];
  const { asked, hosts } = names(() => servers.follow(nodes));
  const sink = { view: () => fleet([backend('desk', { url: 'http://desk.lan:11434' })]), add: ({ id }: { readonly id: string }) => void added.push(id), replace: () => {}, remove: (id: string) => void added.push(`-${id}`), setNode: (id: string, nodeId: string | null) => void placed.push([id, nodeId]) };
  const servers = new ServerBackends(sink, new Set(['ollama']), (host) => hosts.of(host));
  servers.follow(nodes);
  expect([added, placed]).toEqual([[], []]);
  asked[0]?.answer(['10.0.0.1']);
  await settled();
  expect([added, placed]).toEqual([[], [['desk', 'a']]]);
});
