/** What the router finds wrong with its fleet, from real machines and requests. */
import { expect, test } from 'vitest';
import { ask, backendsOf, chat, fakeServer, openAi, routerWith, type Json } from '../support/flow-bed.ts';
import { ollamaOf, ScriptedNode } from '../support/scripted-node.ts';
import type { TestRouter } from '../support/test-router.ts';

interface Report {
  readonly vitals: { readonly health_score: number };
  readonly recommendations: readonly Json[];
}

async function report(router: TestRouter): Promise<Report> {
  return (await (await router.get('/dashboard/api/health')).json()) as Report;
}

const found = async (router: TestRouter): Promise<unknown[]> => (await report(router)).recommendations.map(({ check_id, severity }) => [check_id, severity]);

test('a server that dies on a live machine is found with its fix, and is well again when it is back', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ backends: [] });
  const node = new ScriptedNode(router, 'studio');
  await node.report([ollamaOf(fake)], { agentVersion: '0.0.0-test' });
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).status).toBe(200);
  expect(await report(router)).toMatchObject({ vitals: { health_score: 100 }, recommendations: [] });
  await fake.close();
  await expect.poll(() => found(router)).toEqual([['server_down', 'critical']]);
  const { vitals, recommendations: [down] } = await report(router);
  expect(vitals.health_score).toBe(80);
  expect(down).toMatchObject({ title: 'studio does not answer', node_id: 'studio', fix: expect.stringContaining('oar node --start-ollama'), command: 'ollama serve' });
  const again = await fakeServer({ models: ['a:1b'], port: fake.port });
  await expect.poll(() => found(router)).toEqual([]);
  expect(again.port).toBe(fake.port);
});

test('a machine that waits can be approved by what its finding offers', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ backends: [], fleet: { enrolToken: 'the-token' } });
  await new ScriptedNode(router, 'studio').report([ollamaOf(fake)]);
  const [waiting] = (await report(router)).recommendations;
  expect(waiting).toMatchObject({ check_id: 'node_waiting', command: 'oar nodes approve studio' });
  const action = waiting?.['action'] as { path: string } | undefined;
  expect((await ask(router, action?.path ?? '', {})).status).toBe(200);
  expect((await found(router)).flat()).not.toContain('node_waiting');
});

test('requests that fail, models that wait for their load and aliases that lead nowhere are found in what happened', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  fake.script('a:1b', { status: 500, body: '{"error":"no"}' });
  const router = await routerWith({ backends: backendsOf({ only: fake }), aliases: { 'gpt-4o': 'gone:7b' }, router: { retries: 0, breaker: { failures: 1000 } } });
  for (let count = 0; count < 12; count += 1) await ask(router, openAi, chat({ model: 'a:1b' }));
  expect(await found(router)).toEqual([['mapped_model_missing', 'critical'], ['high_error_rate', 'warning']]);
});
