/** A server that fails again and again is left alone, then tried with one request; a busy one is only asked again later. */
import { expect, test } from 'vitest';
import type { FakeBackend, Step } from '../fakes/backend.ts';
import { ask, backendsOf, bothDialects, call, chat, errorIn, expectAtRest, fakeServer, type Json, openAi, read, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

/** Two servers with the same model, of which the first is preferred; `bad` alone without the second. */
async function bed(config: Json = {}, alone = false, more: Json = {}) {
  const bad = await fakeServer({ models: ['a:1b', 'b:1b'] });
  const good = await fakeServer({ models: ['a:1b', 'b:1b'] });
  const [one, two] = backendsOf({ bad, good }, more);
  const router = await routerWith({ backends: alone ? [one] : [{ ...one, priority: 10 }, two], ...config });
  return { bad, good, router };
}

/** How the model that these tests ask for stands on a server: left alone itself, or with all of it. */
const breakerOf = (router: TestRouter, id = 'bad') => {
  const backend = router.fleet.view().backends.find((one) => one.id === id);
  return backend?.breaker ?? backend?.resting?.['a:1b'];
};
const say = (router: TestRouter, more: Json = {}, headers: Record<string, string> = {}) => ask(router, openAi, chat({ model: 'a:1b', ...more }), headers);

async function fail(fake: FakeBackend, router: TestRouter, times: number, step: Step = { status: 500 }): Promise<void> {
  fake.script('a:1b', { ...step, times });
  for (let count = 0; count < times; count += 1) await say(router, {}, { 'x-oar-backend': 'bad' });
}

test('after three failures in a row it is not asked any more, though its probes succeed, and the status says so', async () => {
  const { bad, router } = await bed();
  await fail(bad, router, 2);
  expect(breakerOf(router)).toBeUndefined();
  await fail(bad, router, 1);
  expect(breakerOf(router)).toBe('open');
  const probes = bad.listings.length;
  await until(() => bad.listings.length > probes + 5);
  for (const path of bothDialects) expect((await ask(router, path, chat({ model: 'a:1b' }))).headers.get('x-oar-attempts')).toBe('1');
  expect(bad.received).toBe(3);
  const health = (await (await router.get('/health')).json()) as { endpoints: Json[] };
  expect(health.endpoints[0]).toMatchObject({ id: 'bad', status: 'up', resting: { 'a:1b': 'open' } });
  for (const member of ['breaker', 'resting']) expect(health.endpoints[1]).not.toHaveProperty(member);
  const status = (await (await router.get('/v1/router/status')).json()) as { backends: Json[] };
  expect(status.backends[0]).toMatchObject({ id: 'bad', resting: { 'a:1b': 'open' } });
});

test('failures that are not in a row do not open it', async () => {
  const { bad, router } = await bed();
  for (let round = 0; round < 3; round += 1) {
    await fail(bad, router, 2);
    expect((await say(router, {}, { 'x-oar-backend': 'bad' })).status).toBe(200);
  }
  expect(breakerOf(router)).toBeUndefined();
});

test('when the time is up one request tries it; the others wait until that one has ended, then all are served', async () => {
  const { bad, router } = await bed({ router: { breaker: { failures: 1, openMs: 50 } } }, true);
  await fail(bad, router, 1);
  const release = bad.hold();
  const answers = Array.from({ length: 5 }, () => say(router));
  await bad.waitForRequests(2);
  expect(breakerOf(router)).toBe('half-open');
  // The others had every chance to come as well.
  const probes = bad.listings.length;
  await until(() => bad.listings.length > probes + 3);
  expect(bad.received).toBe(2);
  const releaseAll = bad.hold();
  release();
  await bad.waitForRequests(6);
  expect([bad.running.now, breakerOf(router)]).toEqual([4, undefined]);
  releaseAll();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(5).fill(200));
  await expectAtRest(router);
});

test('a trial that fails keeps it open for longer', async () => {
  const { bad, router } = await bed({ router: { breaker: { failures: 1, openMs: 60 } } }, true);
  bad.script('a:1b', { status: 500, times: 2 });
  expect((await say(router)).status).toBe(502);
  const first = Date.now();
  expect((await say(router)).status).toBe(502);
  const second = Date.now();
  expect((await say(router)).status).toBe(200);
  expect(second - first).toBeGreaterThanOrEqual(55);
  expect(Date.now() - second).toBeGreaterThanOrEqual(115);
});

test('a caller who leaves during the trial gives it back', async () => {
  const { bad, router } = await bed({ router: { breaker: { failures: 1, openMs: 30 } } }, true);
  await fail(bad, router, 1);
  const release = bad.hold();
  const caller = call(router, openAi, chat({ model: 'a:1b' }));
  await bad.waitForRequests(2);
  const next = say(router);
  caller.leave();
  await bad.waitForRequests(3);
  expect(breakerOf(router)).toBe('half-open');
  release();
  expect((await next).status).toBe(200);
  expect(breakerOf(router)).toBeUndefined();
  await expectAtRest(router);
});

test('with all of them open a request waits, then gets 503 with Retry-After', async () => {
  const { bad, router } = await bed({ router: { holdMs: 80, breaker: { failures: 1, openMs: 60_000 } } }, true);
  await fail(bad, router, 1);
  for (const path of bothDialects) {
    const startedAt = Date.now();
    const refused = await ask(router, path, chat({ model: 'a:1b' }));
    expect([refused.status, errorIn(refused.body).code]).toEqual([503, 'queue_timeout']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(75);
  }
  expect(bad.received).toBe(1);
});

test('X-OAR-Backend is strict for an open one too', async () => {
  const { bad, good, router } = await bed({ router: { holdMs: 80, breaker: { failures: 1, openMs: 60_000 } } });
  await fail(bad, router, 1);
  expect((await say(router, {}, { 'x-oar-backend': 'bad' })).status).toBe(503);
  expect(good.received).toBe(0);
});

test('a model of an open backend gives its turn to another model, when the router chooses', async () => {
  const bad = await fakeServer({ models: ['big:30b'] });
  const good = await fakeServer({ models: ['small:1b'] });
  const model = (name: string, priority: number) => ({ name, sizeGb: 1, purpose: [], priority, maxConcurrent: 1, costClass: 'medium', allowWhenBusy: true });
  const router = await routerWith({ backends: backendsOf({ bad, good }), models: [model('big:30b', 90), model('small:1b', 10)], routes: { unknown: ['big:30b', 'small:1b'] }, router: { breaker: { failures: 1, openMs: 60_000 } } });
  bad.script('big:30b', { status: 500 });
  const ask1 = () => ask(router, openAi, chat({ router: { taskType: 'unknown' } }));
  expect((await ask1()).headers.get('x-oar-attempts')).toBe('2');
  const next = await ask1();
  expect([next.status, next.headers.get('x-oar-model'), next.headers.get('x-oar-attempts')]).toEqual([200, 'small:1b', '1']);
});

test.each<[string, Step]>([
  ['refuses the request', { status: 400, body: '{"error":{"message":"temperature must be positive"}}' }],
  ['finds the prompt too long', { status: 400, body: '{"error":{"code":400,"message":"the request exceeds the available context size. try increasing the context size","type":"exceed_context_size_error","n_prompt_tokens":9,"n_ctx":4}}' }],
  ['does not have the model after all', { status: 404, body: '{"error":{"message":"model \'a:1b\' not found"}}' }],
])('a backend that %s does not fail', async (_what, step) => {
  const { bad, router } = await bed({ router: { breaker: { failures: 1 } } });
  await fail(bad, router, 2, step);
  expect(breakerOf(router)).toBeUndefined();
});

test('a caller with too little patience does not count as a failure of the backend', async () => {
  const { bad, router } = await bed({ router: { breaker: { failures: 1 } } });
  bad.script('a:1b', { fault: 'hang' });
  const { status } = await say(router, { router: { mode: 'sync', maxExecutionTimeMs: 20 } }, { 'x-oar-backend': 'bad' });
  expect(status).toBe(504);
  expect(breakerOf(router)).toBeUndefined();
});

test('answers that break off count', async () => {
  const { bad, router } = await bed({ router: { breaker: { failures: 2 } } });
  bad.script('a:1b', { chunks: ['one', 'two', 'three', 'four'], chunkDelayMs: 0, fault: 'cut' });
  for (let count = 0; count < 2; count += 1) await read(await call(router, openAi, chat({ model: 'a:1b', stream: true }), { 'x-oar-backend': 'bad' }).answer).catch(() => {});
  await until(() => breakerOf(router) === 'open');
});

test.each([429, 503])('a backend that is busy (%i) is load, no failure: another one serves', async (status) => {
  const { bad, good, router } = await bed({ router: { placement: 'least-busy', breaker: { failures: 1 } } });
  for (const fake of [bad, good]) fake.catalogue.resident.add('a:1b');
  await until(() => router.fleet.view().backends.every((backend) => backend.report?.resident?.length === 1));
  bad.script('a:1b', { status, times: 3 });
  for (let count = 0; count < 3; count += 1) expect((await say(router)).headers.get('x-oar-backend')).toBe('good');
  expect([bad.received, good.received, breakerOf(router)]).toEqual([3, 3, undefined]);
});

test('when all are busy the request is tried again until one is not', async () => {
  const { bad, good, router } = await bed({ router: { breaker: { failures: 1 } } });
  bad.script('a:1b', { status: 503, times: 2 });
  good.script('a:1b', { status: 429, times: 1 });
  const { status, headers } = await say(router);
  expect([status, headers.get('x-oar-attempts')]).toEqual([200, '4']);
  expect(Number(headers.get('x-oar-queue-ms'))).toBeGreaterThanOrEqual(250);
  await expectAtRest(router);
});

test('a backend that stays busy longer than the request may wait is told as it is, with its own Retry-After', async () => {
  const { bad, router } = await bed({ router: { holdMs: 400 } }, true);
  bad.script('a:1b', { status: 503, headers: { 'retry-after': '17' } });
  const told = await say(router);
  expect([told.status, told.headers.get('retry-after'), bad.received]).toEqual([503, '17', 1]);
  bad.script('a:1b', { status: 503, headers: { 'retry-after': '1' } });
  const tried = await say(router);
  expect([tried.status, tried.headers.get('retry-after'), bad.received]).toEqual([503, '1', 3]);
  await expectAtRest(router);
});

test('a caller who leaves while all are busy is not waited for', async () => {
  const { bad, router } = await bed({}, true);
  bad.script('a:1b', { status: 503 });
  const caller = call(router, openAi, chat({ model: 'a:1b' }));
  await bad.waitForRequests(1);
  caller.leave();
  await until(() => router.lines.some((line) => line.message === 'request' && line.fields['outcome'] === 'cancelled'));
  expect(bad.received).toBeLessThanOrEqual(2);
  await expectAtRest(router);
});
