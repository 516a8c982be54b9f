import { describe, expect, test } from 'vitest';
import type { FakeBackend, Step } from '../fakes/backend.ts';
import { ask, backendsOf, bothDialects, chat, errorIn, expectAtRest, fakeServer, faultsOf, type Json, ollamaChat, openAi, queued, routerOver, routerWith, until } from '../support/flow-bed.ts';
import { model, type TestRouter } from '../support/test-router.ts';

const short = { timeouts: { connectMs: 1000, firstByteMs: 60, idleMs: 60, totalMs: 0 } };

/** Two servers with the same model; the first is preferred. */
async function pair(config: Json = {}, models: readonly string[] = ['a:1b']) {
  const first = await fakeServer({ models });
  const second = await fakeServer({ models });
  const [one, two] = backendsOf({ first, second }, short);
  const router = await routerWith({ backends: [{ ...one, priority: 10 }, two], ...config });
  return { first, second, router };
}

const statusOf = (router: TestRouter, id: string) => router.fleet.view().backends.find((backend) => backend.id === id)?.status;

/** How each fault of a backend looks, and the status when there is no other. */
const faults: readonly (readonly [string, Step, number])[] = [
  ['closes without an answer', { fault: 'refuse' }, 502],
  ['resets', { fault: 'reset' }, 502],
  ['answers 500', { status: 500 }, 502],
  ['answers 502 with a page', { status: 502, body: '<html><h1>Bad Gateway</h1></html>', headers: { 'content-type': 'text/html' } }, 502],
  ['lacks the model after all', { status: 404, body: '{"error":{"message":"model \'a:1b\' not found"}}' }, 404],
  ['refuses our key', { status: 401 }, 502],
  ['has no such address', { status: 404, body: '404 page not found' }, 502],
  ['is busy', { status: 429 }, 503],
  ['is overloaded', { status: 503 }, 503],
  ['answers no JSON (AR-D40)', { fault: 'not-json' }, 502],
  ['answers a list', { body: '[]' }, 502],
  ['reports an error with status 200', { body: '{"error":"the runner stopped"}' }, 502],
  ['speaks no HTTP', { fault: 'garbage' }, 502],
  ['answers nothing', { fault: 'empty' }, 502],
  ['never answers', { fault: 'hang' }, 504],
  ['breaks off', { fault: 'cut' }, 502],
  ['ends in the middle', { fault: 'half-line' }, 502],
];

describe.each(faults)('a backend that %s', (_how, step, status) => {
  test.each(bothDialects)('%s: another with the same model answers instead (AR-D16)', async (path) => {
    const { first, second, router } = await pair();
    first.script('a:1b', { ...step, times: 1 });
    const { status: seen, headers, body } = await ask(router, path, chat({ model: 'a:1b' }));
    expect(seen).toBe(200);
    expect(headers.get('x-oar-attempts')).toBe('2');
    expect(headers.get('x-oar-backend')).toBe('second');
    expect(JSON.stringify(body)).toContain('Hello from a:1b.');
    expect([first.received, second.received]).toEqual([1, 1]);
    await expectAtRest(router);
    expect(faultsOf(router)).toEqual([]);
  });

  test.each(bothDialects)('%s: without another the caller gets the right status in his own words (AR-D18)', async (path) => {
    const only = await fakeServer({ models: ['a:1b'] });
    // Too short for another try of a busy one.
    const router = await routerWith({ backends: backendsOf({ only }, short), router: { holdMs: 200 } });
    only.script('a:1b', { ...step, times: 1 });
    const failed = await ask(router, path, chat({ model: 'a:1b' }));
    expect(failed.status).toBe(status);
    expect(errorIn(failed.body)).toMatchObject({ code: status === 504 ? 'backend_timeout' : expect.stringMatching(/^backend_(failed|unreachable|protocol)$/), requestId: failed.headers.get('x-oar-request-id') });
    expect(failed.headers.get('x-oar-attempts')).toBe('1');
    expect(failed.headers.has('retry-after')).toBe(status === 503);
    await expectAtRest(router);
  });
});

test('after its own backends failed, the next model by score answers, and the answer says so (AR-D16)', async () => {
  const models = [model('a:1b', { priority: 90 }), model('c:1b', { priority: 30 }), model('b:1b', { priority: 60 })];
  const { first, second, router } = await pair({ models, routes: { unknown: ['a:1b', 'b:1b', 'c:1b'] } }, ['a:1b', 'b:1b', 'c:1b']);
  for (const backend of [first, second]) backend.script('a:1b', { status: 500 });
  first.script('b:1b', { fault: 'reset' });
  const { status, body, headers } = await ask(router, openAi, chat({ router: { taskType: 'unknown' } }));
  expect(status).toBe(200);
  expect(headers.get('x-oar-attempts')).toBe('4');
  expect(headers.get('x-oar-model')).toBe('b:1b');
  expect(body.router).toMatchObject({ selectedModel: 'b:1b', fallbackModels: ['c:1b', 'a:1b'], decisionReason: expect.stringMatching(/Selected a:1b .*a:1b on first failed \(backend_failed\); a:1b on second failed .*b:1b on second serves/) });
  await expectAtRest(router);
});

test('a named model is never replaced by another', async () => {
  const backend = await fakeServer({ models: ['a:1b', 'b:1b'] });
  const router = await routerOver(backend, { models: [model('a:1b'), model('b:1b')], routes: { unknown: ['a:1b', 'b:1b'] } });
  backend.script('a:1b', { status: 500 });
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).status).toBe(502);
  expect(backend.requests.map((request) => request.body?.['model'])).toEqual(['a:1b']);
});

test('router.retries bounds the tries of one model', async () => {
  const servers: Record<string, FakeBackend> = {};
  for (const id of ['s1', 's2', 's3', 's4']) servers[id] = await fakeServer({ models: ['a:1b'] });
  for (const fake of Object.values(servers)) fake.script('a:1b', { status: 500 });
  for (const [retries, attempts] of [[0, '1'], [1, '2'], [undefined, '3']] as const) {
    const router = await routerWith({ backends: backendsOf(servers), router: retries === undefined ? {} : { retries } });
    expect((await ask(router, openAi, chat({ model: 'a:1b' }))).headers.get('x-oar-attempts')).toBe(attempts);
  }
});

test('when all failed, the caller reads what the last backend said (AR-D19)', async () => {
  const { first, second, router } = await pair();
  first.script('a:1b', { status: 500, body: '{"error":{"message":"out of memory on the first","type":"server_error"}}' });
  second.script('a:1b', { status: 500, body: '{"error":"llama runner process has terminated: exit status 2"}' });
  for (const path of bothDialects) {
    const failed = await ask(router, path, chat({ model: 'a:1b' }));
    expect(failed.status).toBe(502);
    expect(errorIn(failed.body)).toMatchObject({ code: 'backend_failed', message: expect.stringContaining('llama runner process has terminated: exit status 2') });
    expect(failed.headers.get('x-oar-attempts')).toBe('2');
  }
});

test.each([400, 413, 422])('a request that the backend refuses with %i is not sent to another (AR-D19)', async (status) => {
  const { first, second, router } = await pair();
  first.script('a:1b', { status, body: '{"error":{"message":"temperature must be positive","param":"temperature"}}' });
  for (const path of bothDialects) {
    const refused = await ask(router, path, chat({ model: 'a:1b' }));
    expect(refused.status).toBe(status);
    expect(errorIn(refused.body)).toMatchObject({ code: 'backend_rejected', message: expect.stringContaining('temperature must be positive') });
  }
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).body.error).toMatchObject({ param: 'temperature', type: 'invalid_request_error' });
  expect(second.received).toBe(0);
});

test('no request waits for a backend that is down', async () => {
  const { first, second, router } = await pair();
  await first.close();
  await until(() => statusOf(router, 'first') === 'down');
  for (let round = 0; round < 5; round++) {
    const { status, headers } = await ask(router, openAi, chat({ model: 'a:1b' }));
    expect([status, headers.get('x-oar-attempts'), headers.get('x-oar-backend')]).toEqual([200, '1', 'second']);
  }
  expect(second.received).toBe(5);
});

test('a request that finds the connection refused is served elsewhere at once, and later ones do not try there', async () => {
  const { first, router } = await pair();
  await first.close();
  const answers = [await ask(router, openAi, chat({ model: 'a:1b' })), await ask(router, openAi, chat({ model: 'a:1b' }))];
  expect(answers.map(({ status, headers }) => [status, headers.get('x-oar-backend')])).toEqual([[200, 'second'], [200, 'second']]);
  expect(answers[1]?.headers.get('x-oar-attempts')).toBe('1');
});

test('a model whose backends are all gone is given up for the next one at once', async () => {
  const first = await fakeServer({ models: ['a:1b'] });
  const second = await fakeServer({ models: ['a:1b'] });
  const third = await fakeServer({ models: ['b:1b'] });
  const router = await routerWith({ backends: backendsOf({ first, second, third }), models: [model('a:1b', { priority: 90 }), model('b:1b')], routes: { unknown: ['a:1b', 'b:1b'] }, router: { holdMs: 60_000 } });
  await first.close();
  await until(() => statusOf(router, 'first') === 'down');
  second.script('a:1b', { fault: 'reset' });
  const { status, headers } = await ask(router, openAi, chat({ router: { taskType: 'unknown', mode: 'sync' } }));
  expect([status, headers.get('x-oar-backend'), headers.get('x-oar-attempts')]).toEqual([200, 'third', '2']);
});

test('a backend that comes back is used again', async () => {
  const { first, router } = await pair();
  await first.close();
  await until(() => statusOf(router, 'first') === 'down');
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).headers.get('x-oar-backend')).toBe('second');
  const again = await fakeServer({ models: ['a:1b'], port: first.port });
  await until(() => statusOf(router, 'first') === 'up');
  const { headers } = await ask(router, openAi, chat({ model: 'a:1b' }), { 'x-oar-backend': 'first' });
  expect(headers.get('x-oar-backend')).toBe('first');
  expect(again.received).toBe(1);
});

test('a model that only a backend which is down has is waited for, and served when it returns', async () => {
  const { first, second, router } = await pair({}, ['b:1b']);
  first.catalogue.models = [{ name: 'b:1b' }, { name: 'lonely:1b' }];
  await until(() => router.fleet.view().backends[0]?.report?.models.length === 2);
  await first.close();
  await until(() => statusOf(router, 'first') === 'down');
  const answers = bothDialects.map((path) => ask(router, path, chat({ model: 'lonely:1b' })));
  await queued(router, 2);
  await fakeServer({ models: ['lonely:1b'], port: first.port });
  for (const { status, headers } of await Promise.all(answers)) expect([status, headers.get('x-oar-backend')]).toEqual([200, 'first']);
  expect(second.received).toBe(0);
  await expectAtRest(router);
});

test('a request that waits for a slot is served by a backend that came up meanwhile', async () => {
  const first = await fakeServer({ models: ['a:1b'] });
  const second = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ backends: backendsOf({ first, second }), models: [model('a:1b')], routes: {} });
  await first.close();
  await until(() => statusOf(router, 'first') === 'down');
  const release = second.hold();
  const running = ask(router, openAi, chat({ model: 'a:1b' }));
  await second.waitForRequests(1);
  const waiting = ask(router, openAi, chat({ model: 'a:1b' }));
  await queued(router, 1);
  await fakeServer({ models: ['a:1b'], port: first.port });
  await until(() => statusOf(router, 'first') === 'up');
  expect((await waiting).headers.get('x-oar-backend')).toBe('first');
  release();
  expect((await running).headers.get('x-oar-backend')).toBe('second');
});

test('with all backends down and nobody coming back, the caller gets 503 with Retry-After in the end', async () => {
  const only = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(only, { router: { holdMs: 100 } });
  await only.close();
  await until(() => statusOf(router, 'ollama') === 'down');
  for (const path of bothDialects) {
    for (const asked of ['a:1b', 'auto']) {
      const refused = await ask(router, path, chat({ model: asked }));
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(errorIn(refused.body).code).toBe('queue_timeout');
    }
  }
  expect((await router.get('/health')).status).toBe(503);
  expect((await router.get('/health/live')).status).toBe(200);
});

test('many requests at once over a backend that fails at random: each is answered, and all slots come back', async () => {
  const { first, second, router } = await pair({ models: [model('a:1b', { maxConcurrent: 3 })], routes: {} });
  for (const step of [{ fault: 'reset' }, { status: 500 }, { fault: 'empty' }, { fault: 'not-json' }, { fault: 'cut' }] as const) first.script('a:1b', { ...step, times: 4 });
  const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => ask(router, index % 2 === 0 ? openAi : ollamaChat, chat({ model: 'a:1b', stream: index % 3 === 0 }))));
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
  expect(Math.max(first.running.peak, second.running.peak)).toBeLessThanOrEqual(3);
  await expectAtRest(router);
  expect(faultsOf(router)).toEqual([]);
});
