import { expect, test } from 'vitest';
import { nodeReport } from '../fakes/nodes.ts';
import { type Course, ModelStore } from '../fakes/model-store.ts';
import { accessOf, bearer, closed, keyEntry, open } from '../support/access-bed.ts';
import { ask, backendsOf, call, chat, errorIn, expectAtRest, fakeServer, type Json, ollamaChat, openAi, routerWith, until } from '../support/flow-bed.ts';
import { ollamaOf, ScriptedNode } from '../support/scripted-node.ts';

async function ollama(course: Course = {}) {
  const store = new ModelStore();
  const fake = await fakeServer({ models: ['here:1b'], handlers: store.handlers });
  store.attach(fake).course('new:1b', course);
  return { fake, store };
}

/** Something that a test opens when it is time. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

const pulling = { fleet: { autoPull: 'any' } };

test('FL-D14: by default nobody brings a model by asking for it', async () => {
  const { fake, store } = await ollama();
  const router = await routerWith({ backends: backendsOf({ one: fake }) });
  expect((await ask(router, openAi, chat({ model: 'new:1b' }))).status).toBe(404);
  expect(store.done).toEqual([]);
});

test('once for ten callers, who are all served', async () => {
  const held = gate();
  const { fake, store } = await ollama({ gate: held.opened });
  const router = await routerWith({ backends: backendsOf({ one: fake }, { maxConcurrent: 20 }), ...pulling });
  const answers = Array.from({ length: 10 }, (_, at) => ask(router, at % 2 ? openAi : ollamaChat, chat({ model: 'new:1b', stream: at % 3 === 0 })));
  await until(() => fake.requests.some(({ path }) => path === '/api/pull'));
  held.open();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
  expect(store.done).toEqual(['pull new:1b']);
  await expectAtRest(router);
});

test('who waits as long as he may is told how far it is, and when to come back; the pull goes on', async () => {
  const held = gate();
  const { fake, store } = await ollama({ gate: held.opened });
  const router = await routerWith({ backends: backendsOf({ one: fake }), ...pulling, router: { holdMs: 150 } });
  const early = await ask(router, openAi, chat({ model: 'new:1b' }));
  expect([early.status, early.headers.get('retry-after')]).toEqual([503, '10']);
  expect(errorIn(early.body).message).toMatch(/being pulled to one: 0 % of 1\.3 GB/);
  held.open();
  await until(() => store.done.length === 1);
  expect((await ask(router, openAi, chat({ model: 'new:1b' }))).status).toBe(200);
  expect(store.done).toEqual(['pull new:1b']);
});

test('a stream is told of the progress in comments while it waits', async () => {
  const held = gate();
  const { fake } = await ollama({ gate: held.opened });
  const router = await routerWith({ backends: backendsOf({ one: fake }), ...pulling, server: { holdHeadMs: 50 } });
  const response = await call(router, openAi, chat({ model: 'new:1b', stream: true })).answer;
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('1.3 GB')) text += (await reader.read()).value ?? '';
  held.open();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) text += piece.value;
  expect(text).toMatch(/^: Model "new:1b" is being pulled to one: 0 % of 1\.3 GB$/m);
  expect(text).toContain('data: [DONE]');
});

test('to the machine with most room that takes work', async () => {
  const servers = await Promise.all([ollama(), ollama(), ollama(), ollama()]);
  const router = await routerWith({ backends: [], ...pulling });
  const disk = (availableGb: number): Json => ({ disk: { totalBytes: 500e9, usedBytes: (500 - availableGb) * 1e9, availableBytes: availableGb * 1e9 } });
  const reports = [['small', 10, disk(400)], ['roomy', 50, disk(400)], ['full', 60, disk(1)], ['drains', 62, { draining: true }]] as const;
  for (const [at, [id, freeGb, more]] of reports.entries()) await new ScriptedNode(router, id).report([ollamaOf(servers[at]!.fake)], { memory: nodeReport(id, freeGb).memory, ...more });
  await until(() => router.fleet.view().backends.filter(({ status }) => status === 'up').length === 4);
  expect((await ask(router, openAi, chat({ model: 'new:1b' }))).headers.get('x-oar-backend')).toBe('roomy');
  expect(servers.map(({ store }) => store.done)).toEqual([[], ['pull new:1b'], [], []]);
});

test('not to a server on which it has failed again and again', async () => {
  const [first, other] = [await ollama(), await ollama()];
  const router = await routerWith({ backends: backendsOf({ first: first.fake, other: other.fake }), ...pulling });
  await until(() => router.fleet.view().backends.every(({ status }) => status === 'up'));
  for (let count = 0; count < 3; count += 1) router.fleet.learn({ backendId: 'first', model: 'new:1b', ok: false, error: 'backend_failed', usage: {}, cold: true });
  expect((await ask(router, openAi, chat({ model: 'new:1b' }))).headers.get('x-oar-backend')).toBe('other');
  expect([first.store.done, other.store.done]).toEqual([[], ['pull new:1b']]);
});

test('FL-D14: a model that only a machine out of reach has is waited for, and pulled nowhere else', async () => {
  const [having, other] = [await ollama(), await ollama()];
  having.fake.catalogue.models = [{ name: 'new:1b' }];
  const router = await routerWith({ backends: backendsOf({ having: having.fake, other: other.fake }), ...pulling, router: { holdMs: 200 } });
  await until(() => router.fleet.view().backends.every(({ status }) => status === 'up'));
  await having.fake.close();
  await until(() => router.fleet.view().backends.some(({ status }) => status === 'down'));
  expect((await ask(router, openAi, chat({ model: 'new:1b' }))).status).toBe(503);
  expect(other.store.done).toEqual([]);
});

test('what the registry does not have is 404 with its words, and is not asked for again at once', async () => {
  const { fake } = await ollama({ refuse: { status: 500, error: 'pull model manifest: file does not exist' } });
  const router = await routerWith({ backends: backendsOf({ one: fake }), ...pulling });
  for (let tries = 0; tries < 3; tries += 1) {
    const answer = await ask(router, openAi, chat({ model: 'new:1b' }));
    expect([answer.status, errorIn(answer.body).message]).toEqual([404, expect.stringContaining('file does not exist')]);
  }
  expect(fake.requests.filter(({ path }) => path === '/api/pull')).toHaveLength(1);
});

test.each(['same:8b', 'http://127.0.0.1/x', '../x', 'a b'])('what may be one of several models, or is no name of one, is not pulled: %s', async (model) => {
  const { fake, store } = await ollama();
  fake.catalogue.models = [{ name: 'Same:8b' }, { name: 'SAME:8b' }];
  const router = await routerWith({ backends: backendsOf({ one: fake }), ...pulling });
  expect((await ask(router, openAi, chat({ model }))).status).toBe(404);
  expect(store.done).toEqual([]);
});

test('`admin`: only who may manage models; and a key that is for other models alone never', async () => {
  const { fake, store } = await ollama();
  const keys = [keyEntry('plain'), keyEntry('manager', { scopes: ['standalone', 'manage'] }), keyEntry('bound', { scopes: ['standalone', 'manage'], models: ['here:1b'] })];
  const router = await routerWith({ backends: backendsOf({ one: fake }), fleet: { autoPull: 'admin' }, access: accessOf({ standalone: closed, runtimeAgent: open }, keys) });
  const statusFor = async (key: string): Promise<number> => (await ask(router, openAi, chat({ model: 'new:1b' }), bearer(key))).status;
  expect([await statusFor('plain'), await statusFor('bound')]).toEqual([404, 404]);
  expect(store.done).toEqual([]);
  expect(await statusFor('manager')).toBe(200);
});
