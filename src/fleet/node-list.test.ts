import { expect, test } from 'vitest';
import { backend } from '../../test/fakes/brain.ts';
import { nodeReport, nodeState } from '../../test/fakes/nodes.ts';
import { listNodes } from './node-list.ts';

const own = { id: 'home', report: nodeReport('home'), heardAt: 1 };
const backends = [{ ...backend('box'), nodeId: 'home' }, { ...backend('far'), nodeId: 'studio' }];

test.each(['home', 'studio'])('one that waits for approval under the name %s does not stand for the machine that serves', (id) => {
  const agents = [nodeState(id, nodeReport(id), { status: 'waiting', draining: true })];
  const nodes = listNodes({ own, agents, backends, drained: new Set() });
  expect(nodes.map((node) => [node.id, node.source, node.draining])).toEqual([['home', 'local', false], ['studio', 'static', false]]);
});

test('one that was let in does', () => {
  const nodes = listNodes({ own, agents: [nodeState('studio', nodeReport('studio'), { status: 'online' })], backends, drained: new Set() });
  expect(nodes.map((node) => [node.id, node.source])).toEqual([['home', 'local'], ['studio', 'agent']]);
});
