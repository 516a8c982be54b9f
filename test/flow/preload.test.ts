import { expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { gib, nodeReport } from '../fakes/nodes.ts';
import { ask, backendsOf, chat, fakeServer, type Json, ollamaChat, queued, routerWith, until } from '../support/flow-bed.ts';
import { ollamaOf, ScriptedNode } from '../support/scripted-node.ts';
import type { TestRouter } from '../support/test-router.ts';

const model = (name: string) => ({ name, sizeBytes: gib });

/** Bodies without messages that ask the server to load a model. */
function loadsAsked(fake: FakeBackend): Json[] {
  return fake.requests.filter(({ path, body }) => path === '/api/generate' && body?.['prompt'] === undefined).map(({ body }) => body ?? {});
}

function pin(router: TestRouter, nodeId: string, name: string, pinned = true): Promise<Response> {
  return router.post('/dashboard/api/pinned-models', { node_id: nodeId, model: name, pinned });
}

test('a pinned model is loaded when its server comes, and again when it was pushed out', async () => {
  const fake = await fakeServer({ models: [model('m:8b'), model('n:8b')] });
  const router = await routerWith({ backends: backendsOf({ one: fake }), preload: { pinned: ['m:8b'] } });
  await until(() => fake.catalogue.loads.get('m:8b') === 1);
  expect(loadsAsked(fake)).toEqual([{ model: 'm:8b', keep_alive: -1, stream: false }]);
  await until(() => router.fleet.view().backends[0]?.report?.resident?.length === 1);
  fake.catalogue.resident.delete('m:8b');
  await until(() => fake.catalogue.loads.get('m:8b') === 2);
  expect(fake.catalogue.loads.get('n:8b')).toBeUndefined();
});

test('`preload.enabled: false` loads nothing, pinned or not', async () => {
  const fake = await fakeServer({ models: [model('m:8b')] });
  const router = await routerWith({ backends: backendsOf({ one: fake }), preload: { pinned: ['m:8b'], enabled: false } });
  await ask(router, ollamaChat, chat({ model: 'm:8b' }));
  expect(loadsAsked(fake)).toEqual([]);
});

test('a model is pinned to one machine by the API, and let go of again', async () => {
  const [one, two] = [await fakeServer({ models: [model('m:8b')] }), await fakeServer({ models: [model('m:8b')] })];
  const router = await routerWith({ backends: [] });
  const nodes = [new ScriptedNode(router, 'one'), new ScriptedNode(router, 'two')] as const;
  await nodes[0].report([ollamaOf(one)]);
  await nodes[1].report([ollamaOf(two)]);
  expect(await (await pin(router, 'two', 'm:8b')).json()).toEqual({ ok: true, per_node: { two: ['m:8b'] } });
  await until(() => two.catalogue.loads.get('m:8b') === 1);
  expect(await (await router.get('/dashboard/api/pinned-models')).json()).toEqual({ env_pins: [], per_node: { two: ['m:8b'] }, max_count: 3 });
  expect(await (await pin(router, 'two', 'm:8b', false)).json()).toEqual({ ok: true, per_node: {} });
  expect(one.received).toBe(0);
  expect((await pin(router, 'three', 'm:8b')).status).toBe(400);
  expect((await router.post('/dashboard/api/pinned-models', { node_id: 'two', model: 'm:8b', pinned: 'false' })).status).toBe(400);
});

test('three waiting requests bring a model to one more machine, once for as long as that takes', async () => {
  const [busy, idle] = [await fakeServer({ models: [model('m:8b')] }), await fakeServer({ models: [model('m:8b')] })];
  busy.catalogue.use('m:8b', 4096);
  const router = await routerWith({ backends: [], router: { retries: 0 } });
  const nodes = [new ScriptedNode(router, 'busy'), new ScriptedNode(router, 'idle')] as const;
  const small = { maxConcurrent: 1 };
  await nodes[0].report([ollamaOf(busy, { resident: [{ name: 'm:8b', contextLength: 4096 }], ...small })]);
  await nodes[1].report([ollamaOf(idle, small)], { memory: nodeReport('idle', 40).memory });
  await until(() => router.fleet.view().backends.filter(({ status }) => status === 'up').length === 2);
  // A request would start on the idle machine soon by itself: it may not, as long as its own load lasts longer than its patience.
  const release = [busy.hold(), idle.hold()];
  const answers = Array.from({ length: 6 }, () => ask(router, ollamaChat, chat({ model: 'm:8b' }), { 'x-oar-backend': 'busy' }));
  await queued(router, 5);
  await until(() => loadsAsked(idle).length === 1);
  const probedAt = (): number => router.fleet.view().backends.find(({ nodeId }) => nodeId === 'idle')?.reportedAt ?? 0;
  for (let reports = 0; reports < 5; reports += 1) {
    const before = probedAt();
    await nodes[1].report([ollamaOf(idle, small)]);
    await until(() => probedAt() > before);
  }
  expect(loadsAsked(idle)).toHaveLength(1);
  for (const one of release) one();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  expect(idle.catalogue.loads.get('m:8b')).toBe(1);
});

test('keep_alive: for ever while the machine has memory to spare, then nothing is sent', async () => {
  const fake = await fakeServer({ models: [model('m:8b')] });
  const router = await routerWith({ backends: [] });
  const node = new ScriptedNode(router, 'one');
  const sent = async (availableGb: number): Promise<unknown> => {
    await node.report([ollamaOf(fake)], { memory: nodeReport('one', availableGb).memory });
    await ask(router, ollamaChat, chat({ model: 'm:8b' }));
    return fake.requests.at(-1)?.body?.['keep_alive'];
  };
  expect([await sent(40), await sent(6), await sent(13)]).toEqual([-1, undefined, -1]);
});
