/** Machines that report themselves to a router: what they serve, how they leave, and what becomes of the work. */
import { expect, test } from 'vitest';
import { ask, chat, fakeServer, faultsOf, openAi, type Json, routerWith } from '../support/flow-bed.ts';
import { heartbeat, oldBody, ollamaOf, ScriptedNode } from '../support/scripted-node.ts';
import type { TestRouter } from '../support/test-router.ts';

/** On loopback, without keys and without a token. */
function homeRouter(config: Json = {}): Promise<TestRouter> {
  return routerWith({ backends: [], ...config });
}

function nodeIn(router: TestRouter, id: string) {
  return router.fleet.view().nodes.find((node) => node.id === id);
}

test('an old agent or a script on this machine reports itself and serves: the smallest body is enough', async () => {
  const fake = await fakeServer({ models: ['llama3:8b'] });
  const router = await homeRouter();
  const answer = await heartbeat(router, oldBody('A', fake.url, ['llama3:8b']));
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ status: 'ok', node_status: 'online', enrolment: 'enrolled', heartbeat_ms: 5000 });
  expect(answer.body).not.toHaveProperty('commands');
  const served = await ask(router, openAi, chat({ model: 'llama3:8b' }));
  expect([served.status, served.headers.get('x-oar-backend')]).toEqual([200, 'A']);
  expect(nodeIn(router, 'A')).toMatchObject({ source: 'agent', status: 'online', address: '127.0.0.1', report: { cores: 8, memory: { totalBytes: 64 * 1024 ** 3, pressure: 'normal' } } });
  expect(faultsOf(router)).toEqual([]);
});

test('what a machine has is listed and served at once, before it was asked itself', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await homeRouter();
  await new ScriptedNode(router, 'studio').report([ollamaOf(fake)]);
  expect(((await (await router.get('/v1/models')).json()) as { data: { id: string }[] }).data.map(({ id }) => id)).toContain('a:1b');
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).status).toBe(200);
});
