import { expect, test } from 'vitest';
import { nodeReport, nodeState } from '../../test/fakes/nodes.ts';
import type { BackendState } from '../core/fleet.ts';
import type { NodeServer, NodeState } from '../core/node.ts';
import { planServers } from './node-servers.ts';

const kinds = new Set(['ollama', 'openai']);

function server(name: string, port: number, more: Partial<NodeServer> = {}): NodeServer {
  return { name, kind: 'ollama', port, status: 'up', models: [{ name: 'm' }], resident: null, ...more };
}

function node(id: string, servers: readonly NodeServer[], more: Partial<NodeState> = {}): NodeState {
  return nodeState(id, nodeReport(id, 40, { servers }), { address: '10.0.0.1', ...more });
}

function configured(id: string, url: string): BackendState {
  return { id, kind: 'ollama', url, nodeId: 'x', status: 'up', report: null, reportedAt: null, priority: 0, tags: [] };
}

test('the servers of a machine are backends at its address, named after it', () => {
  const { backends } = planServers([node('a', [server('ollama', 11_434, { key: 'k', maxConcurrent: 2 }), server('vllm', 8000, { kind: 'openai' })])], [], kinds);
  expect(backends.map(({ seed: _seed, ...backend }) => backend)).toEqual([
    { id: 'a', nodeId: 'a', kind: 'ollama', url: 'http://10.0.0.1:11434', apiKey: 'k', maxConcurrent: 2 },
    { id: 'a-vllm', nodeId: 'a', kind: 'openai', url: 'http://10.0.0.1:8000' },
  ]);
  expect(backends[0]?.seed).toEqual({ models: [{ name: 'm' }], resident: null, maxConcurrent: 2 });
});

test('one that waits for approval has none, and kinds that nobody knows are none', () => {
  expect(planServers([node('a', [server('ollama', 1)], { status: 'waiting' }), node('b', [server('x', 1, { kind: 'who-knows' })])], [], kinds).backends).toEqual([]);
});

test.each([
  ['http://10.0.0.1:11434', '10.0.0.1', 11_434],
  ['http://10.0.0.1', '10.0.0.1', 80],
  ['http://localhost:11434/path', '127.0.0.1', 11_434],
  ['http://[::1]:11434', '127.0.0.1', 11_434],
  ['http://[fd00::7]:1', 'fd00::7', 1],
])('what is configured as %s and a server at %s:%i are one', (url, address, port) => {
  const { backends, same } = planServers([node('a', [server('ollama', port)], { address })], [configured('desk', url)], kinds);
  expect([backends, [...same]]).toEqual([[], [['desk', 'a']]]);
});

test('names that are taken get an addition', () => {
  const { backends } = planServers([node('desk', [server('ollama', 1)]), node('a', [server('b', 1)], { address: '10.0.0.2' }), node('a-b', [server('ollama', 1)], { address: '10.0.0.3' })], [configured('desk', 'http://h')], kinds);
  expect(backends.map(({ id, nodeId }) => [id, nodeId])).toEqual([['desk-2', 'desk'], ['a-b', 'a'], ['a-b-2', 'a-b']]);
});

test('what is configured by a name and a server at its address are one, once the name is known', () => {
  const nodes = [node('a', [server('ollama', 11_434), server('vllm', 8000)])];
  const desk = [configured('desk', 'http://desk.lan:11434')];
  const known = planServers(nodes, desk, kinds, (host) => (host === 'desk.lan' ? ['fd00::1', '10.0.0.1'] : []));
  expect([known.backends.map(({ id }) => id), [...known.same], [...known.unsure]]).toEqual([['a-vllm'], [['desk', 'a']], []]);
  // Only what is at that port may turn out to be it.
  const asked = planServers(nodes, desk, kinds, () => null);
  expect([asked.backends.map(({ id }) => id), [...asked.same], [...asked.unsure]]).toEqual([['a', 'a-vllm'], [], ['a']]);
  expect(planServers(nodes, desk, kinds, () => ['10.0.0.9']).same.size).toBe(0);
  // The address that somebody wrote goes before a name for it.
  const both = planServers(nodes, [configured('written', 'http://10.0.0.1:11434'), ...desk], kinds, () => ['10.0.0.1']);
  expect([...both.same]).toEqual([['written', 'a']]);
});
