/** Machines that report themselves to a router: what they serve, how they leave, and what becomes of the work. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { NodeCapacity } from '../../src/core/node.ts';
import { ask, backendsOf, call, chat, fakeServer, faultsOf, openAi, type Json, routerWith, until } from '../support/flow-bed.ts';
import { heartbeat, oldBody, ollamaOf, ScriptedNode } from '../support/scripted-node.ts';
import type { TestRouter } from '../support/test-router.ts';

/** On loopback, without keys and without a token. */
function homeRouter(config: Json = {}): Promise<TestRouter> {
  return routerWith({ backends: [], ...config });
}

function nodeIn(router: TestRouter, id: string) {
  return router.fleet.view().nodes.find((node) => node.id === id);
}

function backendIn(router: TestRouter, id: string) {
  return router.fleet.view().backends.find((backend) => backend.id === id);
}

const capacity: NodeCapacity = { mode: 'full', availability: 1, reason: 'high_availability', overridden: false, confidence: 1, daysObserved: 30 };

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

test('after a restart a request waits for the machines that belong to the fleet, and no longer than they have', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const folder = mkdtempSync(join(tmpdir(), 'oar-restart-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = { store: { kind: 'sqlite', path: join(folder, 'router.db') }, fleet: { enrolToken: 'the-token', heartbeatMs: 1000 } };
  const before = await homeRouter(config);
  await new ScriptedNode(before, 'studio', { token: 'the-token' }).report([ollamaOf(fake)]);
  expect((await ask(before, openAi, chat({ model: 'a:1b' }))).status).toBe(200);
  await before.stop();
  const after = await homeRouter(config);
  const known = ask(after, openAi, chat({ model: 'a:1b' }));
  const unknown = ask(after, openAi, chat({ model: 'nobody-has-it:1b' }));
  await new ScriptedNode(after, 'studio').report([ollamaOf(fake)]);
  expect((await known).status).toBe(200);
  expect(Number((await known).headers.get('x-oar-queue-ms'))).toBeGreaterThan(0);
  // With the last of them heard, what nobody has is unknown.
  expect((await unknown).status).toBe(404);
  expect((await ask(after, openAi, chat({ model: 'nobody-has-it:1b' }))).status).toBe(404);
});

test.each<[string, string, RegExp]>([
  ['no JSON', '{"node_id":', /not valid JSON/],
  ['a list', '[]', /must be a JSON object/],
  ['nothing', '', /not valid JSON/],
  ['no name', '{"cpu":{},"memory":{},"ollama":{}}', /node_id is missing/],
  ['nothing but a name', '{"node_id":"A"}', /cpu, memory, ollama are missing/],
  ['no memory', '{"node_id":"A","cpu":{},"ollama":{}}', /memory is missing/],
  ['a name that breaks lines', JSON.stringify(oldBody('A\u0000\u001b[31m', 'http://127.0.0.1:1', [])), /control characters/],
  ['a name that is markup', JSON.stringify(oldBody('<img src=x>', 'http://127.0.0.1:1', [])), /letters, digits, dots/],
  ['memory that is no number', JSON.stringify(oldBody('A', 'http://127.0.0.1:1', [], { memory: { total_gb: 'much', available_gb: 1 } })), /memory.total_gb must be a number/],
  ['memory beyond measure', JSON.stringify(oldBody('A', 'http://127.0.0.1:1', [], { memory: { total_gb: 64, available_gb: -1 } })), /memory.available_gb must be a number/],
])('a heartbeat with %s is 400 and says what is wrong, never 500 (FL-D18)', async (_what, body, words) => {
  const router = await homeRouter();
  const answer = await heartbeat(router, body);
  expect(answer.status).toBe(400);
  expect(answer.text).toMatch(words);
  expect(nodeIn(router, 'A')).toBeUndefined();
  expect(faultsOf(router)).toEqual([]);
});

test('a web page cannot report a machine', async () => {
  const router = await homeRouter();
  expect((await heartbeat(router, oldBody('A', 'http://127.0.0.1:1', []), { origin: 'https://evil.example', 'content-type': 'text/plain' })).status).toBe(403);
  expect(nodeIn(router, 'A')).toBeUndefined();
});

test('who says that it leaves and is not known is answered all the same', async () => {
  const router = await homeRouter();
  const answer = await heartbeat(router, { node_id: 'nobody', draining: true });
  expect([answer.status, answer.body]).toEqual([200, { status: 'draining', node_id: 'nobody' }]);
});

test('a machine that drains ends what it has; who waited for it goes elsewhere at once', async () => {
  const [first, second] = [await fakeServer({ models: ['a:1b'] }), await fakeServer({ models: ['a:1b'] })];
  const router = await homeRouter();
  const leaving = new ScriptedNode(router, 'leaving');
  await leaving.report([ollamaOf(first, { maxConcurrent: 1 })]);
  const release = first.hold();
  const running = ask(router, openAi, chat({ model: 'a:1b' }));
  await first.waitForRequests(1);
  const waiting = ask(router, openAi, chat({ model: 'a:1b' }));
  await until(() => router.service.load().totalQueued === 1);
  expect((await leaving.leave()).body).toEqual({ status: 'draining', node_id: 'leaving' });
  expect(nodeIn(router, 'leaving')).toMatchObject({ status: 'online', draining: true });
  await new ScriptedNode(router, 'other').report([ollamaOf(second)]);
  expect([(await waiting).status, (await waiting).headers.get('x-oar-backend')]).toEqual([200, 'other']);
  release();
  expect([(await running).status, (await running).headers.get('x-oar-backend')]).toEqual([200, 'leaving']);
  expect(first.received).toBe(1);
});

test('what an operator drains stays so whatever it reports, and takes work again when told', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await homeRouter();
  const node = new ScriptedNode(router, 'studio');
  await node.report([ollamaOf(fake)]);
  expect((await router.post('/fleet/nodes/studio/drain', {})).status).toBe(200);
  await node.report([ollamaOf(fake)]);
  expect(nodeIn(router, 'studio')?.draining).toBe(true);
  const waiting = ask(router, openAi, chat({ model: 'a:1b' }));
  await until(() => router.service.load().totalQueued === 1);
  expect(fake.received).toBe(0);
  expect((await router.post('/fleet/nodes/studio/undrain', {})).status).toBe(200);
  expect((await waiting).status).toBe(200);
});

test('machines of the same hostname do not overwrite each other', async () => {
  const [first, second] = [await fakeServer({ models: ['a:1b'] }), await fakeServer({ models: ['b:1b'] })];
  const router = await homeRouter();
  for (let round = 0; round < 2; round += 1) {
    await heartbeat(router, oldBody('mac', first.url, ['a:1b']));
    await heartbeat(router, oldBody('mac', second.url, ['b:1b']));
  }
  expect(router.fleet.view().nodes.map(({ id }) => id)).toEqual(['mac', `mac-${second.port}`]);
  for (const model of ['a:1b', 'b:1b']) expect((await ask(router, openAi, chat({ model }))).status).toBe(200);
  expect([first.received, second.received]).toEqual([1, 1]);
});

test('offline nodes are not kept forever: a silent machine degrades, goes offline and is forgotten with its servers', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await homeRouter({ fleet: { heartbeatMs: 50, degradedAfterMs: 150, offlineAfterMs: 300, forgetAfterMs: 600 } });
  const seen = new Set<string | undefined>();
  router.fleet.onChange(() => seen.add(nodeIn(router, 'studio')?.status));
  await new ScriptedNode(router, 'studio').report([ollamaOf(fake)]);
  await until(() => nodeIn(router, 'studio') === undefined);
  expect([...seen]).toEqual(['online', 'degraded', 'offline', undefined]);
  expect(router.fleet.view().backends).toEqual([]);
});

test('a machine that is offline gets no work though its server answers, and has it again with its next report', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await homeRouter({ fleet: { heartbeatMs: 50, degradedAfterMs: 100, offlineAfterMs: 200 } });
  const node = new ScriptedNode(router, 'studio');
  await node.report([ollamaOf(fake)]);
  await until(() => nodeIn(router, 'studio')?.status === 'offline');
  const waiting = ask(router, openAi, chat({ model: 'a:1b' }));
  await until(() => router.service.load().totalQueued === 1);
  expect(fake.received).toBe(0);
  await node.report([ollamaOf(fake)]);
  expect((await waiting).status).toBe(200);
});

test.each<[string, NodeCapacity]>([
  ['paused', { ...capacity, mode: 'paused' }],
  ['needed by its owner', { ...capacity, mode: 'learned_low', availability: 0.1 }],
])('a machine that is %s is waited for, and nothing is pulled elsewhere (FL-D14)', async (_how, now) => {
  const [owner, other] = [await fakeServer({ models: ['a:1b'] }), await fakeServer({ models: ['b:1b'] })];
  const router = await homeRouter();
  const node = new ScriptedNode(router, 'studio');
  await new ScriptedNode(router, 'other').report([ollamaOf(other)]);
  await node.report([ollamaOf(owner)], { capacity: now });
  const waiting = ask(router, openAi, chat({ model: 'a:1b' }));
  await until(() => router.service.load().totalQueued === 1);
  await node.report([ollamaOf(owner)], { capacity });
  expect([(await waiting).status, (await waiting).headers.get('x-oar-backend')]).toEqual([200, 'studio']);
  expect([...owner.listings, ...other.listings].filter(({ path }) => path === '/api/pull')).toEqual([]);
});

test('a machine short of memory goes on with what it has loaded, and loads nothing more', async () => {
  const fake = await fakeServer({ models: ['hot:1b', 'cold:1b'] });
  fake.catalogue.resident.add('hot:1b');
  const router = await homeRouter();
  const node = new ScriptedNode(router, 'studio');
  const memory = { totalBytes: 100, usedBytes: 99, availableBytes: 1, pressure: 'critical' as const };
  await node.report([ollamaOf(fake, { resident: [{ name: 'hot:1b' }] })], { memory });
  await until(() => backendIn(router, 'studio')?.status === 'up');
  const cold = call(router, openAi, chat({ model: 'cold:1b' }));
  await until(() => router.service.load().totalQueued === 1);
  expect((await ask(router, openAi, chat({ model: 'hot:1b' }))).status).toBe(200);
  expect(fake.received).toBe(1);
  cold.leave();
});

test('Ollama dead on a live machine: the machine is online, its server is down and says why; callers wait, and are not told to pull (FL-D10)', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await homeRouter();
  const node = new ScriptedNode(router, 'studio');
  await node.report([ollamaOf(fake)]);
  await until(() => backendIn(router, 'studio')?.status === 'up');
  await fake.close();
  await node.report([{ ...ollamaOf(fake), status: 'down', problem: 'Ollama does not answer.' }]);
  await until(() => backendIn(router, 'studio')?.status === 'down');
  expect(backendIn(router, 'studio')?.problem).toMatch(/\w/);
  expect(nodeIn(router, 'studio')?.status).toBe('online');
  const answer = await ask(router, openAi, chat({ model: 'a:1b', router: { mode: 'sync', maxQueueTimeMs: 300 } }));
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
  expect(answer.text).not.toContain('pull');
  const again = await fakeServer({ models: ['a:1b'], port: fake.port });
  const startedAt = Date.now();
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).status).toBe(200);
  expect(Date.now() - startedAt).toBeLessThan(2000);
  expect(again.received).toBe(1);
});

test('a server that refuses a request is out of use at once, and its machine is doubted', async () => {
  const [dying, other] = [await fakeServer({ models: ['a:1b'] }), await fakeServer({ models: ['a:1b'] })];
  const router = await routerWith({ backends: [] }, { probeIntervalMs: 60_000 });
  const node = new ScriptedNode(router, 'dying');
  await node.report([ollamaOf(dying)]);
  await until(() => backendIn(router, 'dying')?.status === 'up');
  await dying.close();
  await new ScriptedNode(router, 'other').report([ollamaOf(other)]);
  for (let count = 0; count < 8; count += 1) expect((await ask(router, openAi, chat({ model: 'a:1b' }), { 'x-request': String(count) })).status).toBe(200);
  await vi.waitUntil(() => backendIn(router, 'dying')?.status === 'down', { timeout: 1000 });
  expect(nodeIn(router, 'dying')?.status).toBe('degraded');
  expect(nodeIn(router, 'other')?.status).toBe('online');
});

test('a configured backend and a machine at the same address are one', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ backends: backendsOf({ desk: fake }) });
  expect(backendIn(router, 'desk')?.nodeId).toBe('local');
  const node = new ScriptedNode(router, 'studio');
  await node.report([ollamaOf(fake)]);
  expect(router.fleet.view().backends.map(({ id, nodeId }) => [id, nodeId])).toEqual([['desk', 'studio']]);
  await node.report([ollamaOf(fake)], { draining: true });
  const waiting = call(router, openAi, chat({ model: 'a:1b' }));
  await until(() => router.service.load().totalQueued === 1);
  expect(fake.received).toBe(0);
  waiting.leave();
  expect((await router.post('/fleet/nodes/studio/remove', {})).status).toBe(200);
  expect(backendIn(router, 'desk')?.nodeId).toBe('local');
});

test('a server that moves is followed, with its key; what runs at the old place ends', async () => {
  const [before, after] = [await fakeServer({ models: ['a:1b'] }), await fakeServer({ models: ['a:1b'], apiKey: 'relay-key' })];
  const router = await homeRouter();
  const node = new ScriptedNode(router, 'studio');
  await node.report([ollamaOf(before)]);
  const release = before.hold();
  const running = ask(router, openAi, chat({ model: 'a:1b' }));
  await before.waitForRequests(1);
  await node.report([ollamaOf(after, { key: 'relay-key' })]);
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).status).toBe(200);
  expect(after.received).toBe(1);
  release();
  expect((await running).status).toBe(200);
  await node.report([]);
  expect(router.fleet.view().backends).toEqual([]);
  expect(JSON.stringify([router.fleet.view(), await (await router.get('/fleet/nodes')).json(), router.lines])).not.toContain('relay-key');
});

test('a machine has several servers, each a backend of its own', async () => {
  const [ollama, other] = [await fakeServer({ models: ['a:1b'] }), await fakeServer({ models: ['b:1b'], software: 'vllm' })];
  const router = await homeRouter();
  await new ScriptedNode(router, 'studio').report([ollamaOf(ollama), { name: 'vllm', kind: 'openai', port: other.port, status: 'up', models: [{ name: 'b:1b' }], resident: null }, { name: 'odd', kind: 'no-such-kind', port: 1, status: 'up', models: [], resident: null }]);
  expect(router.fleet.view().backends.map(({ id, nodeId }) => [id, nodeId])).toEqual([['studio', 'studio'], ['studio-vllm', 'studio']]);
  expect((await ask(router, openAi, chat({ model: 'b:1b' }))).headers.get('x-oar-backend')).toBe('studio-vllm');
});

test('an override of the capacity reaches the machine with its next report', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await homeRouter();
  const node = new ScriptedNode(router, 'studio');
  await node.report([ollamaOf(fake)], { capacity });
  const until = Date.now() + 3_600_000;
  expect((await router.post('/fleet/nodes/studio/capacity', { mode: 'paused', until })).status).toBe(200);
  expect((await node.report([ollamaOf(fake)], { capacity })).body.commands).toEqual([{ type: 'capacity_override', mode: 'paused', until }]);
  expect((await node.report([ollamaOf(fake)], { capacity: { ...capacity, mode: 'paused', overridden: true } })).body).not.toHaveProperty('commands');
  for (const body of [{}, { mode: 'half' }, { mode: 'full', until: 1 }]) expect((await router.post('/fleet/nodes/studio/capacity', body)).status).toBe(400);
  expect((await router.post('/fleet/nodes/nobody/capacity', { mode: 'full' })).status).toBe(404);
});

test('a caller who leaves a stream of a machine leaves no slot taken and a trace of it (FL-D2)', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  fake.script('a:1b', { chunks: Array.from({ length: 200 }, (_, index) => `${index} `), chunkDelayMs: 20 });
  const router = await homeRouter();
  await new ScriptedNode(router, 'studio').report([ollamaOf(fake, { maxConcurrent: 1 })]);
  for (let round = 1; round <= 3; round += 1) {
    const caller = call(router, openAi, chat({ model: 'a:1b', stream: true }));
    await (await caller.answer).body?.getReader().read();
    caller.leave();
    await fake.waitForAborts(round);
  }
  await until(() => router.service.load().totalRunning === 0);
  await until(() => router.lines.filter(({ message, fields }) => message === 'request' && fields['outcome'] === 'cancelled').length === 3);
});

test('a router stops at once though a page follows its events and machines keep their connections (FL-D20)', async () => {
  const router = await homeRouter();
  await new ScriptedNode(router, 'studio').report([]);
  const events = await router.get('/api/usage-stream');
  await events.body?.getReader().read();
  const startedAt = Date.now();
  await router.stop();
  expect(Date.now() - startedAt).toBeLessThan(2000);
});
