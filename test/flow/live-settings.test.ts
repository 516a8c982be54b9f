import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ModelStore } from '../fakes/model-store.ts';
import { ask, backendsOf, chat, errorIn, fakeServer, type Json, ollamaChat, openAi, read, routerOver, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

const path = '/dashboard/api/settings';

async function settingsOf(router: TestRouter): Promise<{ readonly config: { readonly toggles: Json; readonly context: Json } & Json } & Json> {
  return (await (await router.get(path)).json()) as never;
}

function change(router: TestRouter, wanted: Json) {
  return router.post(path, wanted).then(read);
}

test('the shape of the contract, with what the file says', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const view = await settingsOf(await routerOver(fake, { fleet: { autoPull: 'admin' } }));
  expect(view).toMatchObject({ router_version: '0.0.0-test', router_hostname: expect.any(String), nodes: expect.any(Array) });
  expect(Object.keys(view.config).sort()).toEqual(['auto_pull_config', 'context', 'context_protection', 'heartbeat', 'pre_warm', 'reaper', 'rebalancer', 'scoring', 'server', 'toggles']);
  expect(view.config.toggles).toMatchObject({ auto_pull: true, image_generation: true, transcription: true, dynamic_num_ctx: false, num_ctx_auto_calculate: false });
  expect(view.config.context).toMatchObject({ protect: 'pin', num_ctx_overrides: {} });
});

test.each<[Json, string]>([
  [{ auto_pull: 'false' }, 'auto_pull'], [{ transcription: 0 }, 'transcription'], [{ dynamic_num_ctx: null }, 'dynamic_num_ctx'],
  [{ num_ctx_overrides: { m: '8192' } }, 'num_ctx_overrides.m'], [{ num_ctx_overrides: { m: -1 } }, 'num_ctx_overrides.m'], [{ num_ctx_overrides: [] }, 'num_ctx_overrides'],
  [{ auto_pul: true }, 'auto_pul'],
])('FL-D23: %j is 400, and changes nothing', async (wanted, param) => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(fake);
  const before = await settingsOf(router);
  const answer = await change(router, { image_generation: false, ...wanted });
  expect([answer.status, errorIn(answer.body).param]).toEqual([400, param]);
  expect(await settingsOf(router)).toEqual(before);
});

test('briefings are off, which may be said, and cannot be switched on', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(fake);
  expect((await change(router, { fleet_intelligence: false })).body).toMatchObject({ status: 'no_change' });
  expect((await change(router, { fleet_intelligence: false, auto_pull: true })).body).toEqual({ status: 'updated', updated: { auto_pull: true } });
  const answer = await change(router, { fleet_intelligence: true, auto_pull: false });
  expect([answer.status, errorIn(answer.body).param]).toEqual([400, 'fleet_intelligence']);
  expect((await settingsOf(router)).config.toggles['auto_pull']).toBe(true);
});

test('each value says where it came from', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const written = `store: { kind: memory }\ngpu: { provider: none }\nollama:\n  baseUrl: ${fake.url}\ncontext:\n  protect: strip\n  presets:\n    models: { 'a:1b': 4096 }\nmedia:\n  images: false\n`;
  const loaded = await loadConfig({ cwd: '/', home: '/', explicitPath: '/somewhere/router.yaml', readFile: () => Promise.resolve(written), env: { OAR_ROUTER__RETRIES: '1', FLEET_AUTO_PULL: 'true' }, overrides: { 'server.port': 0 } });
  const router = await routerWith({ ollama: { baseUrl: fake.url } }, { loaded });
  const sources = async (): Promise<Json> => (await settingsOf(router))['sources'] as Json;
  expect(await sources()).toMatchObject({
    'context.protect': 'router.yaml:6', 'context_protection.mode': 'router.yaml:6', 'context.overflow': 'default', 'context.num_ctx_overrides.a:1b': 'router.yaml:8', 'rebalancer.max_retries': 'OAR_ROUTER__RETRIES', 'server.port': '--port',
    'auto_pull_config.allowed': 'FLEET_AUTO_PULL', 'toggles.image_generation': 'router.yaml:10', 'toggles.transcription': 'default',
  });
  const rows = (await settingsOf(router))['configuration'] as unknown as readonly Json[];
  expect(rows.filter(({ key }) => ['context.protect', 'router.retries', 'server.port', 'store.kind', 'telemetry.traces.retainDays'].includes(String(key)))).toEqual([
    { key: 'server.port', value: 0, source: '--port' }, { key: 'router.retries', value: 1, source: 'OAR_ROUTER__RETRIES' }, { key: 'context.protect', value: 'strip', source: 'router.yaml:6' },
    { key: 'store.kind', value: 'memory', source: 'router.yaml:1' }, { key: 'telemetry.traces.retainDays', value: 30, source: 'default' },
  ]);
  await change(router, { transcription: false, dynamic_num_ctx: true, num_ctx_overrides: { 'b:1b': 8192 } });
  expect(await sources()).toMatchObject({ 'toggles.transcription': 'run-time', 'context.dynamic_num_ctx': 'run-time', 'context.num_ctx_overrides.a:1b': 'router.yaml:8', 'context.num_ctx_overrides.b:1b': 'run-time' });
  const shown = (value: unknown, path: string): readonly string[] => (typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([name, inner]) => shown(inner, path === '' ? name : `${path}.${name}`)) : [path]);
  expect(Object.keys(await sources()).sort()).toEqual([...shown((await settingsOf(router)).config, '')].sort());
});

test('FL-D23: contexts are changed model by model, and null takes one away', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(fake);
  await change(router, { num_ctx_overrides: { 'a:1b': 8192 } });
  expect((await change(router, { num_ctx_overrides: { 'b:1b': 16_384 } })).body).toEqual({ status: 'updated', updated: { num_ctx_overrides: { 'a:1b': 8192, 'b:1b': 16_384 } } });
  await change(router, { num_ctx_overrides: { 'a:1b': null } });
  expect((await settingsOf(router)).config.context['num_ctx_overrides']).toEqual({ 'b:1b': 16_384 });
  expect((await change(router, { num_ctx_overrides: {} })).body).toMatchObject({ status: 'no_change' });
});

test('changes outlive a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oar-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const fake = await fakeServer({ models: ['a:1b'] });
  const config = { store: { kind: 'sqlite', path: join(folder, 'router.db') } };
  const first = await routerOver(fake, config);
  await change(first, { auto_pull: true, num_ctx_overrides: { 'a:1b': 8192 } });
  await first.post('/dashboard/api/pinned-models', { node_id: first.fleet.view().backends[0]?.nodeId, model: 'a:1b', pinned: true });
  await first.stop();
  const second = await routerOver(fake, config);
  const { toggles, context } = (await settingsOf(second)).config;
  expect([toggles['auto_pull'], context['num_ctx_overrides']]).toEqual([true, { 'a:1b': 8192 }]);
  expect(await (await second.get('/dashboard/api/pinned-models')).json()).toMatchObject({ per_node: { [String(second.fleet.view().backends[0]?.nodeId)]: ['a:1b'] } });
});

test('auto_pull switches pulling on and off', async () => {
  const store = new ModelStore();
  const fake = await fakeServer({ models: ['a:1b'], handlers: store.handlers });
  store.attach(fake);
  const router = await routerWith({ backends: backendsOf({ one: fake }) });
  const asked = async (model: string): Promise<number> => (await ask(router, openAi, chat({ model }))).status;
  expect(await asked('new:1b')).toBe(404);
  await change(router, { auto_pull: true });
  expect(await asked('new:1b')).toBe(200);
  await change(router, { auto_pull: false });
  expect(await asked('newer:1b')).toBe(404);
});

test.each([['image_generation', '/v1/images/generations', { model: 'a:1b', prompt: 'a cat' }], ['transcription', '/v1/audio/transcriptions', null]])('%s switches its addresses off, and nothing else', async (setting, address, body) => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(fake);
  await change(router, { [setting]: false });
  const form = new FormData();
  form.set('model', 'a:1b');
  form.set('file', new Blob(['x']), 'a.wav');
  const answer = await read(await (body === null ? fetch(`${router.url}${address}`, { method: 'POST', body: form }) : router.post(address, body)));
  expect([answer.status, errorIn(answer.body).message]).toEqual([501, expect.stringContaining(`setting ${setting}`)]);
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).status).toBe(200);
});

test('dynamic_num_ctx: a model is loaded with the context that was set for it when nobody names one', async () => {
  const fake = await fakeServer({ models: ['a:1b', 'b:1b'] });
  const router = await routerOver(fake);
  const contextOf = async (model: string): Promise<unknown> => {
    await ask(router, ollamaChat, chat({ model }));
    return fake.catalogue.contexts.get(model);
  };
  await change(router, { num_ctx_overrides: { 'a:1b': 8192, 'b:1b': 16_384 } });
  expect(await contextOf('a:1b')).toBe(4096);
  await change(router, { dynamic_num_ctx: true });
  expect(await contextOf('b:1b')).toBe(16_384);
});

test('num_ctx_auto_calculate: one that fits how the model was used, once it was asked for twenty times', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  fake.script('a:1b', { text: 'Yes.', usage: { promptTokens: 4900, completionTokens: 100 } });
  const router = await routerOver(fake);
  await change(router, { num_ctx_auto_calculate: true });
  for (let asked = 0; asked < 20; asked += 1) await ask(router, ollamaChat, chat({ model: 'a:1b' }));
  expect(fake.catalogue.contexts.get('a:1b')).toBe(4096);
  fake.catalogue.resident.clear();
  await until(() => router.fleet.view().backends[0]?.report?.resident?.length === 0);
  await ask(router, ollamaChat, chat({ model: 'a:1b' }));
  expect(fake.catalogue.contexts.get('a:1b')).toBe(8192);
});

test('models are brought and deleted by the dashboard: what says success means it', async () => {
  const store = new ModelStore();
  const fake = await fakeServer({ models: [{ name: 'a:1b', sizeBytes: 2_000_000_000 }], handlers: store.handlers });
  store.attach(fake).course('none:1b', { error: 'pull model manifest: file does not exist' });
  const router = await routerWith({ backends: backendsOf({ one: fake }) });
  const post = (what: string, body: Json) => router.post(`/dashboard/api/${what}`, body).then(read);
  expect(await post('pull', { node_id: 'one', model: 'new:1b' })).toMatchObject({ status: 200, body: { ok: true, node_id: 'one', model: 'new:1b' } });
  expect(await post('delete', { node_id: 'one', model: 'new:1b' })).toMatchObject({ status: 200, body: { ok: true } });
  expect(store.done).toEqual(['pull new:1b', 'delete new:1b']);
  const failed = await post('pull', { node_id: 'one', model: 'none:1b' });
  expect([failed.status, errorIn(failed.body).message]).toEqual([502, expect.stringContaining('file does not exist')]);
  expect((await post('delete', { node_id: 'one', model: 'gone:1b' })).status).toBe(404);
  expect((await post('pull', { node_id: 'one' })).status).toBe(400);
  expect((await post('pull', { node_id: 'nobody', model: 'm' })).status).toBe(400);
  await ask(router, openAi, chat({ model: 'a:1b' }));
  const managed = async () => ((await (await router.get('/dashboard/api/model-management')).json()) as { nodes: { models: Json[]; total_size_gb: number }[] }).nodes[0];
  expect(await managed()).toMatchObject({ total_size_gb: 2, models: [{ name: 'a:1b', size_gb: 2, loaded_in_vram: true, total_requests: 1 }] });
});
