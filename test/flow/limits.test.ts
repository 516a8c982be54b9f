import { expect, test } from 'vitest';
import { ask, bothDialects, chat, errorIn, expectAtRest, fakeServer, faultsOf, type Json, ollamaChat, openAi, queued, read, routerOver, until } from '../support/flow-bed.ts';
import { model, type TestRouter } from '../support/test-router.ts';

async function start(config: Json = {}, models: readonly string[] = ['a:1b', 'b:1b', 'big:20b']) {
  const backend = await fakeServer({ models });
  return { backend, router: await routerOver(backend, config) };
}

/** The models that the backend was asked for, in order. */
const asked = (backend: { requests: readonly { body: Json | undefined }[] }) => backend.requests.map((request) => request.body?.['model']);

const many = (router: TestRouter, count: number, name: string) => Array.from({ length: count }, () => ask(router, openAi, chat({ model: name })));

async function jobResult(router: TestRouter, id: unknown) {
  let answer = await read(await router.get(`/v1/jobs/${String(id)}/result`));
  while (answer.status === 202) answer = await read(await router.get(`/v1/jobs/${String(id)}/result`));
  return answer;
}

test('globalMaxConcurrent holds over all models (AR-D9)', async () => {
  const { backend, router } = await start({ queue: { globalMaxConcurrent: 2 } });
  const release = backend.hold();
  const answers = [...many(router, 4, 'a:1b'), ...many(router, 4, 'b:1b')];
  await backend.waitForRequests(2);
  await queued(router, 6);
  expect(backend.running.now).toBe(2);
  release();
  expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual(Array(8).fill(200));
  expect(backend.running.peak).toBe(2);
  await expectAtRest(router);
});

test('maxConcurrent of a model holds, and an idle model does not wait for it', async () => {
  const { backend, router } = await start({ models: [model('a:1b', { maxConcurrent: 2 }), model('b:1b')], routes: {} });
  const release = backend.hold();
  const answers = [...many(router, 5, 'a:1b'), ...many(router, 2, 'b:1b')];
  await backend.waitForRequests(3);
  await queued(router, 4);
  const status = (await (await router.get('/v1/router/status')).json()) as { queue: Json };
  expect(status.queue).toMatchObject({ globalRunning: 3, globalQueued: 4, byModel: [{ model: 'a:1b', running: 2, queued: 3, concurrency: 2 }, { model: 'b:1b', running: 1, queued: 1, concurrency: 1 }] });
  release();
  await Promise.all(answers);
  expect(backend.running.byModel.get('a:1b')?.peak).toBe(2);
  expect(backend.running.byModel.get('b:1b')?.peak).toBe(1);
  await expectAtRest(router);
});

test('an exclusive model has the GPU for itself, and newcomers do not keep it waiting (AR-D9)', async () => {
  const { backend, router } = await start({ models: [model('a:1b', { maxConcurrent: 4 }), model('big:20b', { exclusive: true })], routes: {} });
  const releaseFirst = backend.hold();
  const small = many(router, 1, 'a:1b');
  await backend.waitForRequests(1);
  const big = many(router, 1, 'big:20b');
  await queued(router, 1);
  // There are slots for it, but it came after the one that waits for the GPU.
  const later = many(router, 2, 'a:1b');
  await queued(router, 3);
  expect(asked(backend)).toEqual(['a:1b']);
  releaseFirst();
  const releaseBig = backend.hold();
  await backend.waitForRequests(2);
  const during = many(router, 1, 'a:1b');
  await queued(router, 3);
  expect(asked(backend)).toEqual(['a:1b', 'big:20b']);
  expect(backend.running.now).toBe(1);
  releaseBig();
  const answers = await Promise.all([...small, ...big, ...later, ...during]);
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
  await expectAtRest(router);
});

test('a full queue refuses with 503 and Retry-After, but never an idle model (AR-D44, AR-D18)', async () => {
  const { backend, router } = await start({ queue: { globalMaxQueued: 1 }, models: [model('a:1b'), model('b:1b')], routes: {} });
  const release = backend.hold();
  const answers = many(router, 1, 'a:1b');
  await backend.waitForRequests(1);
  answers.push(...many(router, 1, 'a:1b'));
  await queued(router, 1);
  for (const path of bothDialects) {
    const refused = await ask(router, path, chat({ model: 'a:1b' }));
    expect(refused.status).toBe(503);
    expect(errorIn(refused.body).code).toBe('queue_full');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  answers.push(...many(router, 1, 'b:1b'));
  await backend.waitForRequests(2);
  expect(asked(backend)).toEqual(['a:1b', 'b:1b']);
  release();
  expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual([200, 200, 200]);
  await expectAtRest(router);
});

test('an idle model may wait for a slot of all although the queue is full (AR-D44)', async () => {
  const { backend, router } = await start({ queue: { globalMaxConcurrent: 1, globalMaxQueued: 1 } });
  const release = backend.hold();
  const answers = many(router, 1, 'a:1b');
  await backend.waitForRequests(1);
  answers.push(...many(router, 1, 'a:1b'));
  await queued(router, 1);
  answers.push(...many(router, 1, 'b:1b'));
  await queued(router, 2);
  expect((await ask(router, openAi, chat({ model: 'b:1b' }))).status).toBe(503);
  release();
  expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual([200, 200, 200]);
});

test('globalMaxQueued 0: what can start starts, nothing waits', async () => {
  const { backend, router } = await start({ queue: { globalMaxQueued: 0 }, models: [model('a:1b')], routes: {} });
  const release = backend.hold();
  const first = many(router, 1, 'a:1b');
  await backend.waitForRequests(1);
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).status).toBe(503);
  release();
  expect((await Promise.all(first)).map((answer) => answer.status)).toEqual([200]);
});

test('perUserMaxQueued gives 429 to the user who has that many waiting, and to nobody else', async () => {
  const { backend, router } = await start({ queue: { perUserMaxQueued: 1 }, models: [model('a:1b')], routes: {} });
  const release = backend.hold();
  const ann = chat({ model: 'a:1b', user: 'ann' });
  const answers = [ask(router, openAi, ann)];
  await backend.waitForRequests(1);
  answers.push(ask(router, openAi, ann));
  await queued(router, 1);
  const refused = await ask(router, openAi, ann);
  expect(refused.status).toBe(429);
  expect(refused.body.error).toMatchObject({ type: 'rate_limit_error', code: 'rate_limited' });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  answers.push(ask(router, openAi, { ...ann, user: 'bob' }));
  await queued(router, 2);
  // Who names no user is known by the address.
  answers.push(ask(router, openAi, chat({ model: 'a:1b' })));
  await queued(router, 3);
  const unnamed = await ask(router, ollamaChat, chat({ model: 'a:1b' }));
  expect(unnamed.status).toBe(429);
  expect(errorIn(unnamed.body).code).toBe('rate_limited');
  release();
  expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
});

test('who waited as long as allowed gets 503 with Retry-After: by router.maxQueueTimeMs, else by holdMs (AR-D17)', async () => {
  const { backend, router } = await start({ router: { holdMs: 150 }, models: [model('a:1b')], routes: {} });
  const release = backend.hold();
  const first = many(router, 1, 'a:1b');
  await backend.waitForRequests(1);
  const waits: readonly [string, Json, number][] = [
    [openAi, chat({ model: 'a:1b' }), 150],
    [ollamaChat, chat({ model: 'a:1b' }), 150],
    [openAi, chat({ model: 'a:1b', router: { mode: 'sync', maxQueueTimeMs: 30 } }), 30],
    [openAi, chat({ model: 'a:1b', stream: true, router: { maxQueueTimeMs: 30 } }), 30],
    [openAi, chat({ model: 'a:1b', router: { mode: 'sync', maxQueueTimeMs: 0 } }), 0],
  ];
  await Promise.all(
    waits.map(async ([path, body, limitMs]) => {
      const startedAt = performance.now();
      const late = await ask(router, path, body);
      const tookMs = performance.now() - startedAt;
      expect(late.status).toBe(503);
      expect(errorIn(late.body)).toMatchObject({ code: 'queue_timeout', message: expect.stringMatching(/within \d+ ms/) });
      expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(tookMs).toBeGreaterThanOrEqual(limitMs - 2);
      expect(tookMs).toBeLessThan(limitMs + 1500);
    }),
  );
  expect(backend.received).toBe(1);
  release();
  await Promise.all(first);
  await expectAtRest(router);
});

test('a higher priority goes first, whoever came before', async () => {
  const { backend, router } = await start({ models: [model('a:1b')], routes: {} });
  const release = backend.hold();
  const answers = [ask(router, openAi, chat({ model: 'a:1b' }))];
  await backend.waitForRequests(1);
  for (const [index, priority] of (['low', 'normal', 'high', 'low', 'high'] as const).entries()) {
    answers.push(ask(router, openAi, chat({ model: 'a:1b', seed: index, router: { priority, mode: 'sync' } })));
    await queued(router, index + 1);
  }
  release();
  await Promise.all(answers);
  expect(backend.requests.slice(1).map((request) => request.body?.['seed'])).toEqual([2, 4, 1, 0, 3]);
});

test.each([
  ['the request', {}, { maxExecutionTimeMs: 80 }],
  ['the model', { models: [model('a:1b', { timeoutMs: 80 })], routes: {} }, {}],
  ['the queue', { queue: { timeoutMs: 80 } }, {}],
  ['the model where the request allows more', { models: [model('a:1b', { timeoutMs: 80 })], routes: {} }, { maxExecutionTimeMs: 60_000 }],
  ['ollama.requestTimeoutMs', null, {}],
])('an execution longer than %s allows is 504, and the upstream call is closed', async (_whose, config, router) => {
  const backend = await fakeServer({ models: ['a:1b'] });
  const server = await routerOver(backend, config ?? { ollama: { baseUrl: backend.url, requestTimeoutMs: 80 } });
  backend.script('a:1b', { fault: 'hang', times: 2 });
  for (const path of bothDialects) {
    const late = await ask(server, path, chat({ model: 'a:1b', router: { mode: 'sync', ...router } }));
    expect(late.status).toBe(504);
    expect(errorIn(late.body).code).toBe('backend_timeout');
  }
  await backend.waitForAborts(2);
  expect((await ask(server, openAi, chat({ model: 'a:1b' }))).status).toBe(200);
  await expectAtRest(server);
});

test('waiting does not count as execution', async () => {
  const { backend, router } = await start({ models: [model('a:1b', { timeoutMs: 400 })], routes: {} });
  backend.script('a:1b', { delayMs: 250, times: 3 });
  const answers = await Promise.all(many(router, 3, 'a:1b'));
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
});

test('GPU only, and no GPU: 503 whatever the mode (AR-D8)', async () => {
  const { backend, router } = await start({ gpu: { provider: 'none', vramTotalMb: 20_000 }, router: { heavyLoadQueueDepth: 0 }, models: [model('a:1b')], routes: { unknown: ['a:1b'] } });
  for (const mode of ['auto', 'sync', 'async']) {
    for (const asks of [{}, { model: 'a:1b' }]) {
      const refused = await ask(router, openAi, chat({ ...asks, router: { mode, requireGpuOnly: true } }));
      expect(refused.status).toBe(503);
      expect(errorIn(refused.body)).toMatchObject({ code: 'no_capacity', message: 'a:1b: gpu_only' });
    }
  }
  const byDefault = await start({ gpu: { provider: 'none', requireGpuOnlyByDefault: true } });
  expect((await ask(byDefault.router, openAi, chat({ model: 'a:1b' }))).status).toBe(503);
  expect((await ask(byDefault.router, openAi, chat({ model: 'a:1b', router: { requireGpuOnly: false } }))).status).toBe(200);
  expect(backend.requests).toHaveLength(0);
});

test('under heavy load a request without a router object is answered, one with it becomes a job, a stream never (AR-D7)', async () => {
  const { router } = await start({ router: { heavyLoadQueueDepth: 0, defaultMode: 'async' }, models: [model('a:1b')], routes: { unknown: ['a:1b'], simple_chat: ['a:1b'] } });
  for (const path of bothDialects) {
    expect((await ask(router, path, chat())).status).toBe(200);
    expect((await ask(router, path, chat({ stream: true, router: { mode: 'async' } }))).status).toBe(200);
    expect((await ask(router, path, chat({ router: { mode: 'sync' } }))).status).toBe(200);
    expect((await ask(router, path, chat({ router: { mode: 'auto', allowAsync: false } }))).status).toBe(200);
    const accepted = await ask(router, path, chat({ router: {} }));
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get('x-oar-mode')).toBe('async');
    expect(accepted.body).toMatchObject({ id: expect.stringMatching(/^job_local_[\w-]{16}$/), object: 'router.job', status: 'queued', router: { mode: 'async', taskType: 'simple_chat', preferredModel: 'a:1b', position: 1, estimatedClass: 'light' } });
    const result = await jobResult(router, accepted.body.id);
    expect(result.status).toBe(200);
    expect(result.body).toMatchObject(path === openAi ? { object: 'chat.completion', model: 'a:1b' } : { done: true, model: 'a:1b' });
    expect(result.body).not.toHaveProperty('router');
  }
  expect(faultsOf(router)).toEqual([]);
});

test('an Ollama request without stream is a stream, and so never a job', async () => {
  const { router } = await start();
  const { status, headers } = await ask(router, ollamaChat, { model: 'a:1b', messages: [{ role: 'user', content: 'Hi' }], router: { mode: 'async' } });
  expect(status).toBe(200);
  expect(headers.get('content-type')).toContain('ndjson');
});

test.each([
  ['that waited for syncMaxQueueTimeMs', true, 40, {}],
  ['whose own patience is shorter', true, 60_000, { maxQueueTimeMs: 40 }],
  ['for a model that may not be chosen when busy', false, 60_000, {}],
])('a request %s becomes a job and runs later (AR-D17)', async (_which, allowWhenBusy, syncMaxQueueTimeMs, router) => {
  const { backend, router: server } = await start({ router: { syncMaxQueueTimeMs }, models: [model('a:1b', { allowWhenBusy })], routes: { unknown: ['a:1b'] } });
  const release = backend.hold();
  const first = many(server, 1, 'a:1b');
  await backend.waitForRequests(1);
  const accepted = await ask(server, openAi, chat({ router: { taskType: 'unknown', ...router } }));
  expect(accepted.status).toBe(202);
  expect(backend.received).toBe(1);
  expect((await read(await server.get(`/v1/jobs/${String(accepted.body.id)}/result`))).status).toBe(202);
  release();
  expect((await Promise.all(first))[0]?.status).toBe(200);
  expect((await jobResult(server, accepted.body.id)).status).toBe(200);
  await until(() => server.service.load().totalRunning === 0);
  expect(backend.received).toBe(2);
});

test('jobs share the slots with everybody else, and no queue bound turns them away later', async () => {
  const { backend, router } = await start({ queue: { globalMaxQueued: 1 }, models: [model('a:1b')], routes: {} });
  const release = backend.hold();
  const answers = many(router, 1, 'a:1b');
  await backend.waitForRequests(1);
  const job = await ask(router, openAi, chat({ model: 'a:1b', router: { mode: 'async' } }));
  expect(job.status).toBe(202);
  await queued(router, 1);
  // The job waits, but it is not one that counts against the bound of callers.
  answers.push(...many(router, 1, 'a:1b'));
  await queued(router, 2);
  release();
  expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual([200, 200]);
  expect((await jobResult(router, job.body.id)).status).toBe(200);
  expect(backend.running.peak).toBe(1);
  await expectAtRest(router);
});
