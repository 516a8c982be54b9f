/** Managing the models of several servers through one address (ruling 15, PX-D17, FL-D14). */
import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type FakeBackend, startFakeBackend } from '../fakes/backend.ts';
import { BlobSink, digestOf, ModelStore, progressLines } from '../fakes/model-store.ts';
import { backendsOf, call, fakeServer, faultsOf, type Json, objectIn, payloadsIn, read, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

const weights = 'GGUF of some model';
const digest = digestOf(weights);
const gib = 1024 ** 3;

interface Server {
  readonly fake: FakeBackend;
  readonly store: ModelStore;
}

async function server(models: readonly string[] = [], sizeGib = 1): Promise<Server> {
  const store = new ModelStore([digest]);
  const fake = await fakeServer({ models: models.map((name) => ({ name, sizeBytes: sizeGib * gib })), handlers: store.handlers });
  return { fake, store: store.attach(fake) };
}

/** `a` stores most, so that what has no other place goes to `b`; `gpt` is none of Ollama's kind. */
async function start(aModels: readonly string[] = ['m:1b'], bModels: readonly string[] = []) {
  const [a, b] = [await server(aModels, 9), await server(bModels)];
  const gpt = await fakeServer({ software: 'openai', models: ['m:1b', 'gpt'] });
  const router = await routerWith({ backends: backendsOf({ a: a.fake, b: b.fake, gpt }) });
  return { a: a.store, b: b.store, servers: { a: a.fake, b: b.fake }, gpt, router };
}

function send(router: TestRouter, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  return fetch(`${router.url}${path}`, { method, headers, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }) }).then(read);
}

const post = (router: TestRouter, path: string, body: unknown, headers?: Record<string, string>) => send(router, 'POST', path, body, headers);
const linesOf = (text: string): Json[] => payloadsIn(text).map(objectIn);

async function listed(router: TestRouter): Promise<readonly unknown[]> {
  const { models } = (await (await router.get('/api/tags')).json()) as { models: Json[] };
  return models.map((model) => model['name']).filter((name) => name !== 'auto' && name !== 'gpt');
}

async function listsBecome(router: TestRouter, names: readonly string[]): Promise<void> {
  const from = performance.now();
  for (;;) {
    const now = await listed(router);
    if (names.length === now.length && names.every((name) => now.includes(name))) return;
    expect(performance.now() - from, `lists ${now.join()}`).toBeLessThan(2000);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('a pull', () => {
  test('goes to the one with most room, passes its progress byte for byte, and is listed soon', async () => {
    const { a, b, servers, router } = await start();
    const answer = await post(router, '/api/pull', '{ "model": "new:7b", "insecure": true }');
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('x-oar-backend')]).toEqual([200, 'application/x-ndjson', 'b']);
    expect(answer.headers.get('x-oar-decision')).toMatch(/least stored/);
    expect(answer.text).toBe(`${progressLines}{"status":"success"}\n`);
    expect([a.done, b.done]).toEqual([[], ['pull new:7b']]);
    expect(servers.b.requests[0]?.text).toBe('{ "model": "new:7b", "insecure": true }');
    await listsBecome(router, ['m:1b', 'new:7b']);
    expect(faultsOf(router)).toEqual([]);
  });

  test('progress comes while the work goes on', async () => {
    const { b, router } = await start();
    let release = (): void => {};
    b.course('new:7b', { gate: new Promise((resolve) => (release = resolve)) });
    const response = await call(router, '/api/pull', { model: 'new:7b' }).answer;
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(progressLines);
    release();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('{"status":"success"}\n');
  });

  test.each([
    ['the header', { model: 'new:7b' }, { 'X-OAR-Backend': 'a' }],
    ['a field', { model: 'new:7b', backend: 'a' }, {}],
    ['a list of one', { name: 'new:7b', targets: ['a'] }, {}],
  ])('goes where %s says', async (_name, body, headers) => {
    const { a, b, servers, router } = await start();
    const answer = await post(router, '/api/pull', body, headers);
    expect([answer.headers.get('x-oar-backend'), a.done, b.done]).toEqual(['a', ['pull new:7b'], []]);
    expect(Object.keys(servers.a.requests[0]?.body ?? {})).not.toContain('targets');
    expect(Object.keys(servers.a.requests[0]?.body ?? {})).not.toContain('backend');
  });

  test('goes to several at once when they are named, each line saying whose it is', async () => {
    const { a, b, router } = await start();
    let release = (): void => {};
    a.course('new:7b', { gate: new Promise((resolve) => (release = resolve)) });
    const answering = post(router, '/api/pull', { model: 'new:7b', targets: 'all' });
    // In parallel: b is done although a waits.
    await until(() => b.done.length === 1);
    release();
    const lines = linesOf((await answering).text);
    const results = [{ backend: 'a', status: 'success' }, { backend: 'b', status: 'success' }];
    expect(lines.at(-1)).toEqual({ status: 'success', results });
    for (const id of ['a', 'b']) {
      expect(lines.slice(0, -1).filter((line) => line['backend'] === id).map((line) => line['status'])).toEqual(['pulling manifest', 'pulling 74701a8c35f6', 'success']);
    }
    expect([a.done, b.done]).toEqual([['pull new:7b'], ['pull new:7b']]);
  });

  test('what only some did is told as partial, at the end', async () => {
    const { a, router } = await start();
    a.course('new:7b', { error: 'no space left on device' });
    const { status, text } = await post(router, '/api/pull', { model: 'new:7b', targets: ['a', 'b'] });
    const last = linesOf(text).at(-1);
    expect(status).toBe(200);
    expect(last).toEqual({ status: 'partial', error: expect.stringMatching(/1 of 2.*a: no space left on device/), results: [{ backend: 'a', status: 'failed', error: 'no space left on device' }, { backend: 'b', status: 'success' }] });
    const whole = await post(router, '/api/pull', { model: 'new:7b', targets: ['a', 'b'], stream: false });
    expect([whole.status, whole.body]).toEqual([207, last]);
  });

  test('what none did looks like no success', async () => {
    const { a, b, router } = await start();
    a.course('new:7b', { fault: 'cut' });
    b.course('new:7b', { error: 'pull model manifest: file does not exist' });
    const streamed = linesOf((await post(router, '/api/pull', { model: 'new:7b', targets: 'all' })).text).at(-1);
    expect(streamed).toMatchObject({ error: expect.stringMatching(/2 of 2/), results: [{ backend: 'a', status: 'failed' }, { backend: 'b', status: 'failed' }] });
    expect(streamed).not.toHaveProperty('status');
    const whole = await post(router, '/api/pull', { model: 'new:7b', targets: 'all', stream: false });
    expect(whole.status).toBe(502);
    for (const store of [a, b]) store.course('new:7b', { refuse: { status: 400, error: 'invalid model name' } });
    // Nothing was said yet: there is still a status to say it with.
    expect((await post(router, '/api/pull', { model: 'new:7b', targets: 'all' })).status).toBe(400);
  });

  test.each([
    ['an error in the middle, in its own words', { error: 'pull model manifest: file does not exist' }, { error: 'pull model manifest: file does not exist' }],
    ['a broken connection', { fault: 'cut' }, { error: expect.stringMatching(/broke off/), code: 'stream_interrupted' }],
    ['an end that says nothing', { fault: 'short' }, { error: expect.stringMatching(/before it was done/), code: 'stream_interrupted' }],
  ] as const)('%s ends the stream (ruling 11)', async (_name, course, told) => {
    const { b, router } = await start();
    b.course('new:7b', course);
    const { text } = await post(router, '/api/pull', { model: 'new:7b' });
    expect(text.startsWith(progressLines)).toBe(true);
    expect(linesOf(text).slice(2)).toEqual([told]);
  });

  test('an error before the first byte keeps its status and its words', async () => {
    const { b, router } = await start();
    b.course('new:7b', { refuse: { status: 403, error: 'this model needs a newer version' } });
    const answer = await post(router, '/api/pull', { model: 'new:7b' });
    expect([answer.status, answer.text]).toEqual([403, '{"error":"this model needs a newer version"}']);
    b.course('new:7b', { error: 'pull model manifest: file does not exist' });
    const whole = await post(router, '/api/pull', { model: 'new:7b', stream: false });
    expect([whole.status, whole.body]).toEqual([500, { error: 'pull model manifest: file does not exist' }]);
  });

  test.each([{ model: 'new:7b' }, { model: 'new:7b', targets: 'all' }, { model: 'new:7b', stream: false }])('a caller of %j that leaves ends it on every backend', async (body) => {
    const { a, b, servers, router } = await start();
    for (const store of [a, b]) store.course('new:7b', { gate: new Promise(() => {}) });
    const caller = call(router, '/api/pull', body);
    const working = 'targets' in body ? [servers.a, servers.b] : [servers.b];
    for (const fake of working) await fake.waitForRequests(1);
    const leftAt = performance.now();
    caller.leave();
    await until(() => a.aborts + b.aborts === working.length);
    // The promise is 100 ms; a busy machine gets more.
    expect(performance.now() - leftAt).toBeLessThan(1000);
    expect(faultsOf(router)).toEqual([]);
  });

  test('a server that cannot be reached is told in Ollama\'s shape, and among several it fails alone', async () => {
    const { a, router, servers } = await start();
    await servers.b.close();
    const answer = await post(router, '/api/pull', { model: 'new:7b', targets: ['a', 'b'], stream: false });
    expect([answer.status, a.done]).toEqual([207, ['pull new:7b']]);
    expect(answer.body['results']).toMatchObject([{ status: 'success' }, { backend: 'b', status: 'failed', error: expect.stringMatching(/refused/) }]);
    const strict = await post(router, '/api/pull', { model: 'new:7b' }, { 'X-OAR-Backend': 'b' });
    expect([502, 503]).toContain(strict.status);
    expect(strict.body['error']).toMatch(/\bb\b/);
  });
});

describe('delete and copy', () => {
  test('reach all Ollamas that have the model, and no other server (PX-D17)', async () => {
    const { a, b, gpt, router } = await start(['m:1b', 'other'], ['m:1b']);
    const copied = await post(router, '/api/copy', { source: 'm:1b', destination: 'mine' });
    expect([copied.status, copied.body['status']]).toEqual([200, 'success']);
    // At once: no list shows the copy yet.
    expect((await send(router, 'DELETE', '/api/delete', { model: 'mine' })).status).toBe(200);
    expect((await send(router, 'DELETE', '/api/delete?model=m:1b')).status).toBe(200);
    expect([a.names, b.names]).toEqual([['other'], []]);
    expect(gpt.requests).toEqual([]);
    await listsBecome(router, ['other', 'm:1b']);
  });

  test('on one backend the answer is that backend\'s own: empty', async () => {
    const { a, b, router } = await start(['m:1b'], ['other']);
    const answer = await send(router, 'DELETE', '/api/delete', { name: 'm:1b' });
    expect([answer.status, answer.text, answer.headers.get('x-oar-backend')]).toEqual([200, '', 'a']);
    expect([a.names, b.names]).toEqual([[], ['other']]);
  });

  test('one that fails does not keep the others from it', async () => {
    const { a, b, router } = await start(['m:1b'], ['m:1b']);
    a.course('m:1b', { refuse: { status: 500, error: 'permission denied' } });
    const answer = await send(router, 'DELETE', '/api/delete', { model: 'm:1b' });
    expect([answer.status, b.names]).toEqual([207, []]);
    expect(answer.body).toMatchObject({ status: 'partial', results: [{ backend: 'a', status: 'failed', error: 'permission denied' }, { backend: 'b', status: 'success' }] });
  });

  test('a model that nobody has is 404 in Ollama\'s words, from the router or from the backend', async () => {
    const { router } = await start();
    for (const path of ['/api/delete', '/api/delete?backend=a']) {
      const answer = await send(router, 'DELETE', path, { model: 'gone' });
      expect([answer.status, answer.body['error']]).toEqual([404, "model 'gone' not found"]);
    }
    expect((await post(router, '/api/push', { model: 'gone' })).status).toBe(404);
    expect((await post(router, '/api/copy', { source: 'gone', destination: 'x' })).status).toBe(404);
  });
});

test('a push goes to one that has the model', async () => {
  const { a, b, router } = await start(['x'], ['me/m']);
  expect((await post(router, '/api/push', { model: 'me/m' })).headers.get('x-oar-backend')).toBe('b');
  expect([a.done, b.done]).toEqual([[], ['push me/m']]);
});

test('whose account a server pushes with is passed on, the refusal with it', async () => {
  const told = '{"error":"unauthorized","signin_url":"https://ollama.com/connect?name=box"}';
  const fake = await fakeServer({ handlers: { 'POST /api/me': (_request, response) => response.writeHead(401, { 'content-type': 'application/json' }).end(told) } });
  const router = await routerWith({ backends: backendsOf({ a: fake }) });
  const answer = await post(router, '/api/me', undefined);
  expect([answer.status, answer.text, answer.headers.get('x-oar-backend')]).toEqual([401, told, 'a']);
});

test('without an Ollama there is nothing to manage: 501', async () => {
  const gpt = await fakeServer({ software: 'openai', models: ['m:1b'] });
  const router = await routerWith({ backends: backendsOf({ gpt }) });
  for (const [method, path, body] of [['POST', '/api/pull', { model: 'x' }], ['DELETE', '/api/delete', { model: 'm:1b' }], ['HEAD', `/api/blobs/${digest}`, undefined]] as const) {
    const answer = await send(router, method, path, body);
    expect([answer.status, method === 'HEAD' || answer.body['code']]).toEqual([501, method === 'HEAD' || 'not_supported']);
  }
  expect(gpt.requests).toEqual([]);
});

test('a page of another site may not manage models; a program and the router\'s own page may', async () => {
  const { a, b, router } = await start();
  for (const [method, path] of [['POST', '/api/pull'], ['POST', '/api/push'], ['POST', '/api/create'], ['POST', '/api/copy'], ['DELETE', '/api/delete'], ['POST', `/api/blobs/${digest}`]] as const) {
    const answer = await send(router, method, path, { model: 'm:1b', source: 'm:1b', destination: 'x' }, { Origin: 'https://evil.example' });
    expect([answer.status, answer.body['code']], path).toEqual([403, 'forbidden']);
  }
  expect([a.done, b.done, a.names]).toEqual([[], [], ['m:1b']]);
  expect((await post(router, '/api/pull', { model: 'new:7b' }, { Origin: router.url })).status).toBe(200);
});

describe('making a model from files', () => {
  test('files go to one backend, are found there, and the model is made there', async () => {
    const { a, b, servers, router } = await start();
    const find = () => send(router, 'HEAD', `/api/blobs/${digest}`);
    expect((await find()).status).toBe(404);
    const kept = await post(router, `/api/blobs/${digest}`, weights);
    expect([kept.status, kept.text, kept.headers.get('x-oar-backend')]).toEqual([201, '', 'b']);
    expect([(await find()).status, a.blobs.size, b.blobs.size]).toEqual([200, 0, 1]);
    const body = `{"model":"mine","files":{"m.gguf":"${digest}"},"quantize":"q4_K_M"}`;
    const made = await post(router, '/api/create', body);
    expect([made.headers.get('x-oar-backend'), linesOf(made.text).at(-1)]).toEqual(['b', { status: 'success' }]);
    expect(servers.b.requests.at(-1)?.text).toBe(body);
  });

  test('files that were there before the router came are found by asking', async () => {
    const { a, b, router } = await start();
    a.blobs.add(digest);
    expect((await post(router, '/api/create', { model: 'mine', files: { 'm.gguf': digest } })).headers.get('x-oar-backend')).toBe('a');
    expect(b.done).toEqual([]);
  });

  test('without files the model is made where the one is that it comes from', async () => {
    const { a, router } = await start(['m:1b'], ['other']);
    expect((await post(router, '/api/create', { model: 'mine', from: 'm:1b', system: 'Be brief.' })).headers.get('x-oar-backend')).toBe('a');
    expect(a.done).toEqual(['create mine']);
  });

  test('a refusal of the backend passes, and a name that is no digest goes nowhere', async () => {
    const { b, servers, router } = await start();
    const wrong = await post(router, `/api/blobs/${digest}`, 'something else');
    expect([wrong.status, wrong.body['error']]).toEqual([400, expect.stringMatching(/^digest mismatch/)]);
    const before = servers.b.received;
    for (const name of ['sha256:12', `md5:${'0'.repeat(32)}`, `sha256:${'z'.repeat(64)}`, '..%2F..%2Fdelete']) expect((await post(router, `/api/blobs/${name}`, 'x')).status, name).toBe(400);
    expect([servers.b.received, b.blobs.size]).toEqual([before, 0]);
    expect((await send(router, 'GET', `/api/blobs/${digest}`)).status).toBe(405);
  });
});

const mib = 1024 ** 2;

async function sinkBehindRouter() {
  const sink = new BlobSink();
  const url = await sink.listen();
  onTestFinished(() => sink.close());
  // Far beyond what a body may be elsewhere.
  const router = await routerWith({ server: { requestBodyLimit: '1mb' }, backends: [{ id: 'sink', kind: 'ollama', url }] });
  return { sink, router };
}

/** Sends so many MiB of zeros, as fast as they are taken; tells how many were, and what was answered. */
function upload(router: TestRouter, name: string, count: number) {
  const progress = { taken: 0 };
  const piece = Buffer.alloc(mib);
  const request = httpRequest(`${router.url}/api/blobs/${name}`, { method: 'POST' });
  request.on('error', () => {});
  onTestFinished(() => void request.destroy());
  const go = (): void => {
    while (progress.taken < count) {
      progress.taken += 1;
      if (!request.write(piece)) return void request.once('drain', go);
    }
    request.end();
  };
  go();
  const status = new Promise<number>((resolve) => request.once('response', (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  }));
  return { progress, status, leave: () => request.destroy() };
}

test('a file of 64 MiB passes without being gathered', { timeout: 30_000 }, async () => {
  const { sink, router } = await sinkBehindRouter();
  const hash = createHash('sha256');
  for (let count = 0; count < 64; count += 1) hash.update(Buffer.alloc(mib));
  const name = `sha256:${hash.digest('hex')}`;
  // Buffers of three programs in one process settle with the first.
  expect(await upload(router, name, 64).status).toBe(201);
  const before = process.memoryUsage.rss();
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5);
  expect(await upload(router, name, 64).status).toBe(201);
  clearInterval(watch);
  expect([sink.bytes, sink.digest]).toEqual([128 * mib, name]);
  expect((peak - before) / mib).toBeLessThan(32);
});

test('a backend that does not read makes the caller wait, and a caller that leaves is gone from it', async () => {
  const { sink, router } = await sinkBehindRouter();
  const read = sink.stopReading();
  const { progress, leave } = upload(router, digest, 512);
  let last = -1;
  // It stands still once the buffers of the two connections are full.
  for (let still = 0; still < 20; still = progress.taken === last ? still + 1 : 0) {
    last = progress.taken;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(progress.taken).toBeLessThan(64);
  leave();
  read();
  await until(() => sink.aborts === 1);
  expect(faultsOf(router)).toEqual([]);
});

test('a server that is gone is told while the file is still being sent', async () => {
  const fake = await startFakeBackend({});
  const router = await routerWith({ backends: backendsOf({ a: fake }) });
  await fake.close();
  const { status, leave } = upload(router, digest, 8);
  expect([502, 503]).toContain(await status);
  // Node's client sends no more once it was answered, and keeps its connection.
  leave();
  expect(faultsOf(router)).toEqual([]);
});
