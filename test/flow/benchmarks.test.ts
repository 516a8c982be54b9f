/** Benchmarks that the router runs itself: over the way that every request goes, behind people, ended when they are told to, kept under the id that was told. */
import { expect, test } from 'vitest';
import { ask, backendsOf, chat, expectAtRest, fakeServer, faultsOf, type Json, openAi, read, routerWith, until } from '../support/flow-bed.ts';
import type { FakeBackend } from '../fakes/backend.ts';
import type { TestRouter } from '../support/test-router.ts';

const path = '/dashboard/api/benchmarks';
const embedded = { 'POST /api/embed': (_: unknown, response: { end(text: string): void }) => response.end(JSON.stringify({ model: 'e:1b', embeddings: [[1, 2]], prompt_eval_count: 7 })) };

async function bed(config: Json = {}, more: Parameters<typeof fakeServer>[0] = {}): Promise<{ readonly router: TestRouter; readonly east: FakeBackend; readonly west: FakeBackend }> {
  const [east, west] = [await fakeServer({ models: ['a:1b', { name: 'e:1b', capabilities: ['embedding'] }], handlers: embedded, ...more }), await fakeServer({ models: ['b:1b', 'cold:1b'] })];
  for (const fake of [east, west]) fake.script('*', { chunks: ['Hel', 'lo'], usage: { promptTokens: 12, completionTokens: 20 }, firstByteDelayMs: 5, chunkDelayMs: 5 });
  east.catalogue.resident.add('a:1b').add('e:1b');
  west.catalogue.resident.add('b:1b');
  const router = await routerWith({ backends: backendsOf({ east, west }), ...config });
  await until(() => router.fleet.view().backends.every(({ report }) => (report?.resident?.length ?? 0) > 0));
  return { router, east, west };
}

const start = (router: TestRouter, form: Json) => ask(router, `${path}/start`, form);
const progress = async (router: TestRouter): Promise<Json> => (await read(await router.get(`${path}/progress`))).body;

async function ended(router: TestRouter): Promise<Json> {
  await expect.poll(async () => (await progress(router))['status'], { timeout: 10_000, interval: 20 }).not.toBe('running');
  return progress(router);
}

test('a run asks what is in memory, says where it stands, and is kept under the id that was told', async () => {
  const { router, east, west } = await bed();
  expect(await progress(router)).toMatchObject({ status: 'idle', run_id: null, models: [], error: null });
  const started = await start(router, { mode: 'default', duration: 1, model_types: ['llm'], concurrency: 2, max_tokens: 20 });
  const id = String(started.body['run_id']);
  expect([started.status, started.body]).toEqual([200, { status: 'started', run_id: id, mode: 'default', duration: 1, model_types: ['llm'] }]);
  const again = await start(router, { duration: 1 });
  expect([again.status, again.text.includes(id)]).toEqual([409, true]);
  await expect.poll(async () => Number((await progress(router))['requests_completed'])).toBeGreaterThan(0);
  expect(await progress(router)).toMatchObject({ status: 'running', run_id: id, duration: 1, models: ['a:1b', 'b:1b'], models_pulled: [], pull_progress: null, requests_failed: 0 });
  const last = await ended(router);
  expect(last).toMatchObject({ status: 'completed', run_id: id, error: null });
  const kept = (await read(await router.get(`${path}/${id}`))).body['data'] as Json;
  expect(kept).toMatchObject({ run_id: id, total_failures: 0, total_requests: last['requests_completed'], total_completion_tokens: 20 * Number(last['requests_completed']), fleet_snapshot: { mode: 'default', concurrency: 2 } });
  expect(Number(kept['ttft_p50_ms'])).toBeGreaterThanOrEqual(5);
  expect(Number(kept['latency_p99_ms'])).toBeGreaterThanOrEqual(Number(kept['latency_p50_ms']));
  expect(Object.keys(kept['per_model_results'] as Json)).toEqual(['a:1b', 'b:1b']);
  expect(Object.values(kept['per_node_results'] as Json).reduce((sum: number, row) => sum + Number((row as Json)['requests']), 0)).toBe(kept['total_requests']);
  // Warm-ups included, and nothing was asked of what is not in memory.
  expect(east.received + west.received).toBe(Number(kept['total_requests']) + 2);
  expect(router.traces.every(({ tags, servedModel }) => tags?.includes('benchmark') === true && servedModel !== 'cold:1b')).toBe(true);
  expect(Math.max(east.running.peak, west.running.peak)).toBeLessThanOrEqual(2);
  expect(faultsOf(router)).toEqual([]);
});

test('models that only embed can be measured', async () => {
  const { router } = await bed();
  const { body } = await start(router, { duration: 1, model_types: ['embed'] });
  expect(await ended(router)).toMatchObject({ status: 'completed', run_id: body['run_id'], error: null, requests_failed: 0, models: ['e:1b'], result: { run_id: body['run_id'], ttft_p50_ms: null } });
  const { result } = await progress(router);
  expect(Number((result as Json)['tokens_per_sec'])).toBeGreaterThan(0);
});

test('a named model is loaded for it; one that nobody has is refused, and not pulled; a run that is not to be kept is not', async () => {
  const { router, west } = await bed({ fleet: { autoPull: 'any' } });
  const refused = await start(router, { models: ['nobody:1b'] });
  expect([refused.status, refused.text.includes('nobody:1b')]).toEqual([400, true]);
  const { body } = await start(router, { duration: 1, models: ['cold:1b'], save: false });
  expect(await ended(router)).toMatchObject({ status: 'completed', models: ['cold:1b'], result: { run_id: body['run_id'] } });
  expect(west.catalogue.resident.has('cold:1b')).toBe(true);
  expect((await read(await router.get(path))).body).toEqual({ data: [] });
  expect([...west.listings].some(({ path: asked }) => asked === '/api/pull')).toBe(false);
});

test('cancel ends its work at the servers at once, and keeps nothing', async () => {
  const { router, east, west } = await bed();
  expect((await ask(router, `${path}/cancel`, {})).status).toBe(409);
  const { body } = await start(router, { duration: 60, model_types: ['llm'], concurrency: 4 });
  await expect.poll(async () => (await progress(router))['phase']).toBe('measuring');
  const before = east.received + west.received;
  const releases = [east.hold(), west.hold()];
  // Four more, none of which is answered.
  await until(() => east.received + west.received === before + 4);
  const cancelled = await ask(router, `${path}/cancel`, {});
  expect([cancelled.status, cancelled.body]).toEqual([200, { status: 'cancelled', run_id: body['run_id'] }]);
  expect(await progress(router)).toMatchObject({ status: 'cancelled', run_id: body['run_id'], result: null });
  await until(() => east.aborts + west.aborts === 4);
  for (const release of releases) release();
  await expectAtRest(router);
  expect((await read(await router.get(`${path}/${String(body['run_id'])}`))).body).toEqual({ data: null });
  expect((await start(router, { duration: 1, model_types: ['llm'] })).status).toBe(200);
});

test('people go first: while one waits nothing of the benchmark starts before them', async () => {
  const { router, east } = await bed({ models: [{ name: 'a:1b', sizeGb: 1, purpose: [], priority: 50, maxConcurrent: 1, costClass: 'medium', allowWhenBusy: true }] });
  await start(router, { duration: 3, models: ['a:1b'], max_tokens: 20 });
  await expect.poll(async () => Number((await progress(router))['requests_completed'])).toBeGreaterThan(0);
  const before = east.received;
  await ask(router, openAi, chat({ model: 'a:1b' }));
  const mine = east.requests.findIndex(({ text }) => text.includes('Hello there'));
  // At most the one that ran already, and one that took the slot in the same moment.
  expect(mine - before).toBeLessThanOrEqual(1);
  await ask(router, `${path}/cancel`, {});
});

test('a stop of the router ends it at once', async () => {
  const { router, east, west } = await bed();
  await start(router, { duration: 600, model_types: ['llm'] });
  await expect.poll(async () => (await progress(router))['phase']).toBe('measuring');
  const releases = [east.hold(), west.hold()];
  await until(() => east.running.now + west.running.now > 1);
  const began = performance.now();
  await router.stop();
  expect(performance.now() - began).toBeLessThan(3000);
  for (const release of releases) release();
  expect(faultsOf(router)).toEqual([]);
});

test.each([
  [{ mode: 'wild' }, 'mode'], [{ duration: 0 }, 'duration'], [{ duration: '60' }, 'duration'], [{ duration: 1e9 }, 'duration'], [{ model_types: [] }, 'model_types'],
  [{ model_types: ['song'] }, 'model_types'], [{ concurrency: 1.5 }, 'concurrency'], [{ concurrency: 0 }, 'concurrency'], [{ models: 'a:1b' }, 'models'], [{ prompt_tokens: -1 }, 'prompt_tokens'], [{ save: 'no' }, 'save'],
])('%j is refused, naming %s', async (form, param) => {
  const { router } = await bed();
  const answer = await start(router, form);
  expect([answer.status, answer.text.includes(param), (await progress(router))['status']]).toEqual([400, true, 'idle']);
});
