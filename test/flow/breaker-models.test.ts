/** One broken model on a server: it rests alone, the server's others go on; a server where everything fails rests as a whole. */
import { expect, test } from 'vitest';
import { ask, backendsOf, chat, errorIn, expectAtRest, fakeServer, type Json, ollamaChat, openAi, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

const names = ['broken:1b', 'good:1b', 'other:1b'];
const forLong = 60_000;

/** A server of three models, alone; `more`: another that has them too, and is asked second. */
async function bed(breaker: Json, servers: readonly string[] = ['one'], router: Json = {}) {
  const fakes = Object.fromEntries(await Promise.all(servers.map(async (name) => [name, await fakeServer({ models: names })] as const)));
  const backends = backendsOf(fakes).map((one, index) => ({ ...one, priority: 10 - index }));
  const oar = await routerWith({ backends, router: { retries: 0, holdMs: 5000, breaker, ...router } });
  return { one: fakes['one'] as NonNullable<(typeof fakes)[string]>, two: fakes['two'], router: oar };
}

const say = (router: TestRouter, model: string, headers: Record<string, string> = {}) => ask(router, openAi, chat({ model }), headers);
const statesOf = (router: TestRouter, id = 'one') => {
  const { breaker, resting } = router.fleet.view().backends.find((one) => one.id === id) ?? {};
  return { breaker, resting };
};

test('one broken model rests, and the others of its server are served without a wait', async () => {
  const { one, router } = await bed({ failures: 2, openMs: forLong }, ['one'], { holdMs: 60 });
  one.script('broken:1b', { status: 500 });
  for (let count = 0; count < 2; count += 1) expect((await say(router, 'broken:1b')).status).toBe(502);
  expect(statesOf(router)).toEqual({ breaker: undefined, resting: { 'broken:1b': 'open' } });
  for (const path of [openAi, ollamaChat]) {
    for (const model of ['good:1b', 'other:1b']) {
      const { status, headers } = await ask(router, path, chat({ model }));
      expect([status, headers.get('x-oar-attempts')]).toEqual([200, '1']);
    }
  }
  const refused = await say(router, 'broken:1b');
  expect([refused.status, errorIn(refused.body).code, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, 'queue_timeout', true]);
  // Who waited in vain hears why, not only that nothing was free.
  expect(errorIn(refused.body).message).toMatch(/Left alone after failures in a row.*: broken:1b on one\./);
  expect(one.received).toBe(6);
  await expectAtRest(router);
});

test('where it shows: health, status, the fleet, and a finding with the model and a fix', async () => {
  const { one, router } = await bed({ failures: 1, openMs: forLong });
  one.script('broken:1b', { status: 500 });
  await say(router, 'broken:1b');
  const json = async (path: string): Promise<Json> => (await (await router.get(path)).json()) as Json;
  const resting = { 'broken:1b': 'open' };
  expect(await json('/health')).toMatchObject({ status: 'ok', endpoints: [{ id: 'one', status: 'up', resting }] });
  expect(await json('/v1/router/status')).toMatchObject({ backends: [{ id: 'one', resting }] });
  expect(await json('/fleet/status')).toMatchObject({ nodes: [{ backends: [{ id: 'one', resting }] }] });
  const health = JSON.stringify(await json('/dashboard/api/health'));
  expect(health).toContain('broken:1b is left alone on one');
  expect(health).toContain('oar traces --status failed --model broken:1b');
});

test('when its time is up one request tries it; others of it wait until that one has ended, those of other models do not', async () => {
  const { one, router } = await bed({ failures: 1, openMs: 50 });
  one.script('broken:1b', { status: 500, times: 1 });
  expect((await say(router, 'broken:1b')).status).toBe(502);
  const release = one.hold();
  const answers = Array.from({ length: 4 }, () => say(router, 'broken:1b'));
  await one.waitForRequests(2);
  expect(statesOf(router).resting).toEqual({ 'broken:1b': 'half-open' });
  const good = Array.from({ length: 2 }, () => say(router, 'good:1b'));
  await one.waitForRequests(4);
  // The others of the broken one had every chance to come as well.
  const probes = one.listings.length;
  await until(() => one.listings.length > probes + 3);
  expect(one.received).toBe(4);
  release();
  expect((await Promise.all([...answers, ...good])).map(({ status }) => status)).toEqual(Array(6).fill(200));
  expect(statesOf(router)).toEqual({ breaker: undefined, resting: undefined });
  await expectAtRest(router);
});

test('a trial that fails lets it rest for longer, and its server serves on', async () => {
  const { one, router } = await bed({ failures: 1, openMs: 60 });
  one.script('broken:1b', { status: 500, times: 2 });
  expect((await say(router, 'broken:1b')).status).toBe(502);
  const first = Date.now();
  expect((await say(router, 'broken:1b')).status).toBe(502);
  const second = Date.now();
  const waits = say(router, 'broken:1b');
  expect((await say(router, 'good:1b')).status).toBe(200);
  expect(statesOf(router).resting).toEqual({ 'broken:1b': 'open' });
  expect((await waits).status).toBe(200);
  expect(second - first).toBeGreaterThanOrEqual(55);
  expect(Date.now() - second).toBeGreaterThanOrEqual(115);
});

test('another server that has the model gets its requests meanwhile, the first one those of its other models', async () => {
  const { one, two, router } = await bed({ failures: 1, openMs: forLong }, ['one', 'two'], { retries: 2 });
  one.script('broken:1b', { status: 500 });
  const served = async (model: string) => {
    const { headers } = await say(router, model);
    return [headers.get('x-oar-backend'), headers.get('x-oar-attempts')];
  };
  expect(await served('broken:1b')).toEqual(['two', '2']);
  expect(await served('broken:1b')).toEqual(['two', '1']);
  expect(await served('good:1b')).toEqual(['one', '1']);
  expect([one.received, two?.received, statesOf(router, 'two').resting]).toEqual([2, 2, undefined]);
  const { traces } = (await (await router.get('/v1/router/traces?model=broken:1b')).json()) as { traces: readonly { request_id: string }[] };
  const trace = await (await router.get(`/v1/router/traces/${traces[0]?.request_id}`)).text();
  expect(trace).toContain('the model is left alone there after failures');
});

test('a request that failed is not made to wait for a server where its model rests: the next model gets its turn', async () => {
  const [one, two] = [await fakeServer({ models: names }), await fakeServer({ models: ['broken:1b'] })];
  const model = (name: string, priority: number) => ({ name, sizeGb: 1, purpose: [], priority, maxConcurrent: 1, costClass: 'medium', allowWhenBusy: true });
  const router = await routerWith({ backends: backendsOf({ one, two }), models: [model('broken:1b', 90), model('good:1b', 10)], routes: { unknown: ['broken:1b', 'good:1b'] }, router: { breaker: { failures: 1, openMs: forLong }, holdMs: 5000 } });
  for (const fake of [one, two]) fake.script('broken:1b', { status: 500 });
  expect((await say(router, 'broken:1b', { 'x-oar-backend': 'two' })).status).toBe(502);
  const { status, headers } = await ask(router, openAi, chat({ router: { taskType: 'unknown' } }));
  expect([status, headers.get('x-oar-model'), headers.get('x-oar-attempts')]).toEqual([200, 'good:1b', '2']);
  expect(Number(headers.get('x-oar-queue-ms'))).toBeLessThan(4000);
});

test('a server on which everything fails rests as a whole, then one request of any model decides for all', async () => {
  const { one, router } = await bed({ failures: 2, openMs: 80 });
  for (const model of ['broken:1b', 'good:1b']) one.script(model, { status: 500, times: 1 });
  expect((await say(router, 'broken:1b')).status).toBe(502);
  expect((await say(router, 'good:1b')).status).toBe(502);
  expect(statesOf(router)).toEqual({ breaker: 'open', resting: undefined });
  const release = one.hold();
  const answers = names.map((model) => say(router, model));
  await one.waitForRequests(3);
  expect(statesOf(router).breaker).toBe('half-open');
  const probes = one.listings.length;
  await until(() => one.listings.length > probes + 3);
  expect(one.received).toBe(3);
  release();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(statesOf(router)).toEqual({ breaker: undefined, resting: undefined });
  await expectAtRest(router);
});

test('a success of any model between them keeps the server in use', async () => {
  const { one, router } = await bed({ failures: 3, openMs: forLong });
  one.script('broken:1b', { status: 500 });
  one.script('other:1b', { status: 500 });
  for (let round = 0; round < 2; round += 1) {
    for (const model of ['broken:1b', 'other:1b', 'good:1b']) expect((await say(router, model)).status).toBe(model === 'good:1b' ? 200 : 502);
  }
  expect(statesOf(router)).toEqual({ breaker: undefined, resting: undefined });
});
