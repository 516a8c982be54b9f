/** The door as callers meet it: limits, what a key may ask for, pages in browsers, and what is refused at the start. */
import { expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { accessOf, bearer, closed, keyEntry, open, plainClient } from '../support/access-bed.ts';
import { type Answer, ask, bothDialects, call, chat, errorIn, expectAtRest, fakeServer, type Json, ollamaChat, openAi, payloadsIn, queued, read, routerOver, until } from '../support/flow-bed.ts';
import { model, startTestRouter, type TestRouter } from '../support/test-router.ts';

const hour = 3600;

interface Started {
  readonly backend: FakeBackend;
  readonly router: TestRouter;
}

async function start(config: Json, models: readonly string[] = ['a:1b']): Promise<Started> {
  const backend = await fakeServer({ models });
  return { backend, router: await routerOver(backend, config) };
}

function withKeys(keys: readonly Json[], standalone: Json = closed): Promise<Started> {
  return start({ access: accessOf({ standalone, runtimeAgent: closed }, keys) });
}

const hello = chat({ model: 'a:1b' });
const limited = (id: string, limit: Json): Json => keyEntry(id, { limits: { standalone: { windowSeconds: hour, requests: 1000, ...limit } } });

function expectLimited(answer: Answer): void {
  expect([answer.status, errorIn(answer.body).code]).toEqual([429, 'rate_limited']);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
}

test('so many requests in a window: what is left stands on every answer, and the next is 429 and reaches no backend', async () => {
  const { backend, router } = await withKeys([limited('ann', { requests: 4 }), keyEntry('bob')]);
  const before = Math.ceil(Date.now() / 1000);
  const answers = [
    await ask(router, openAi, hello, bearer('ann')),
    await ask(router, ollamaChat, { ...hello, stream: true }, bearer('ann')),
    await ask(router, openAi, '{', bearer('ann')),
    await read(await router.get('/v1/models', bearer('ann'))),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 400, 200]);
  expect(answers.map(({ headers }) => [headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')])).toEqual([['4', '3'], ['4', '2'], ['4', '1'], ['4', '0']]);
  const reset = Number(answers[0]?.headers.get('x-ratelimit-reset'));
  expect(reset).toBeGreaterThanOrEqual(before + hour - 1);
  expect(reset).toBeLessThanOrEqual(before + hour + 5);
  for (const path of bothDialects) {
    const refused = await ask(router, path, hello, bearer('ann'));
    expectLimited(refused);
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
  }
  expect(backend.received).toBe(2);
  const other = await ask(router, openAi, hello, bearer('bob'));
  expect([other.status, other.headers.get('x-ratelimit-limit')]).toEqual([200, null]);
});

test.each<[string, string, Json]>([
  ['in one piece', openAi, {}],
  ['streamed with its usage', openAi, { stream: true, stream_options: { include_usage: true } }],
  ['in one piece, from Ollama\'s API', ollamaChat, {}],
  ['streamed, from Ollama\'s API', ollamaChat, { stream: true }],
])('tokens of prompt and answer count once an answer %s is over', async (_how, path, more) => {
  const { backend, router } = await withKeys([limited('ann', { tokens: 60 })]);
  backend.script('a:1b', { text: 'Very well.', usage: { promptTokens: 25, completionTokens: 10 } });
  const statuses: number[] = [];
  // 35 and 35 tokens: two fit, since what an answer takes is known only after it.
  for (let count = 0; count < 3; count += 1) statuses.push((await ask(router, path, { ...hello, ...more }, bearer('ann'))).status);
  expect(statuses).toEqual([200, 200, 429]);
  expect(backend.received).toBe(2);
});

test('a stream that tells no usage is counted all the same: its prompt by its length, its answer by its parts', async () => {
  const { backend, router } = await withKeys([limited('ann', { tokens: 150 })]);
  backend.script('a:1b', { chunks: Array.from({ length: 20 }, () => 'word ') });
  const long = chat({ model: 'a:1b', stream: true, messages: [{ role: 'user', content: 'word '.repeat(100) }] });
  const statuses: number[] = [];
  for (let count = 0; count < 4; count += 1) statuses.push((await ask(router, openAi, long, bearer('ann'))).status);
  // Between 75 and 150 tokens each, by any way of counting.
  expect(statuses.indexOf(429)).toBeGreaterThan(0);
  expect(statuses.at(-1)).toBe(429);
});

test('a job counts what it used when it has run', async () => {
  const { backend, router } = await withKeys([limited('ann', { tokens: 30 })]);
  backend.script('a:1b', { text: 'Very well.', usage: { promptTokens: 25, completionTokens: 10 } });
  const made = await ask(router, openAi, { ...hello, router: { mode: 'async' } }, bearer('ann'));
  expect(made.status).toBe(202);
  await expect.poll(async () => (await fetch(`${router.url}/v1/jobs/${String(made.body['id'])}`, { headers: bearer('ann') })).status).toBe(429);
});

test('a change of one key leaves what the others have used as it is, and holds at once', async () => {
  const { router } = await withKeys([limited('ann', { requests: 3 }), keyEntry('bob')]);
  const left = async (key: string): Promise<readonly [number, string | null]> => {
    const { status, headers } = await ask(router, openAi, hello, bearer(key));
    return [status, headers.get('x-ratelimit-remaining')];
  };
  expect([await left('ann'), await left('ann'), await left('bob')]).toEqual([[200, '2'], [200, '1'], [200, null]]);
  const change = (method: string, path: string, body: unknown): Promise<Response> => fetch(`${router.url}/v1/admin/access/${path}`, { method, headers: { 'content-type': 'application/json', ...bearer('admin') }, body: JSON.stringify(body) });
  expect((await change('PATCH', 'keys/bob', { enabled: false })).status).toBe(200);
  expect((await change('POST', 'keys', { id: 'carol', scopes: ['standalone'] })).status).toBe(201);
  expect((await change('PATCH', 'keys/ann', { name: 'Ann' })).status).toBe(200);
  expect([await left('bob'), await left('ann'), await left('ann')]).toEqual([[401, null], [200, '0'], [429, '0']]);
});

test('so many at once: the place is free again when an answer is over, and when its caller left', async () => {
  const { backend, router } = await withKeys([limited('ann', { concurrent: 1 }), keyEntry('bob')]);
  const release = backend.hold();
  const first = ask(router, openAi, hello, bearer('ann'));
  await backend.waitForRequests(1);
  const second = await ask(router, openAi, hello, bearer('ann'));
  expectLimited(second);
  expect(second.headers.get('retry-after')).toBe('1');
  expect((await read(await router.get('/v1/models', bearer('bob')))).status).toBe(200);
  release();
  expect((await first).status).toBe(200);
  const releaseAgain = backend.hold();
  const left = call(router, openAi, hello, bearer('ann'));
  await backend.waitForRequests(2);
  left.leave();
  await backend.waitForAborts(1);
  releaseAgain();
  expect((await ask(router, openAi, hello, bearer('ann'))).status).toBe(200);
  expect(backend.received).toBe(3);
});

test('a stream holds its place until its last word', async () => {
  const { backend, router } = await withKeys([limited('ann', { concurrent: 1 })]);
  let goOn = (): void => {};
  backend.script('a:1b', { chunks: ['one ', 'two ', 'three'], gate: new Promise<void>((resolve) => (goOn = resolve)) });
  const streaming = ask(router, openAi, { ...hello, stream: true }, bearer('ann'));
  await backend.waitForRequests(1);
  expectLimited(await ask(router, openAi, hello, bearer('ann')));
  goOn();
  expect(payloadsIn((await streaming).text).at(-1)).toBe('[DONE]');
  expect((await ask(router, openAi, hello, bearer('ann'))).status).toBe(200);
});

test('callers without a key are counted by their address, of IPv6 by what one customer has', async () => {
  const { router } = await withKeys([], { defaultLimit: { requests: 1, windowSeconds: hour } });
  const from = async (address: string): Promise<number> => (await ask(router, openAi, hello, { 'x-forwarded-for': address })).status;
  const statuses: number[] = [];
  for (const address of ['203.0.113.1', '203.0.113.1', '203.0.113.2', '2001:db8:0:1::1', '2001:DB8:0:1:ffff::2', '2001:db8:0:2::1', '::ffff:203.0.113.2']) statuses.push(await from(address));
  expect(statuses).toEqual([200, 429, 200, 200, 429, 200, 429]);
});

test('`limited` callers without a key have a request a second, and may only infer', async () => {
  const { router } = await withKeys([], { auth: { anonymous: 'limited' } });
  const send = plainClient(router.url);
  expect((await send('POST', '/api/pull', {}, '{"model":"x"}')).status).toBe(401);
  const statuses: number[] = [];
  for (let count = 0; count < 61; count += 1) statuses.push((await send('GET', '/v1/models')).status);
  expect([statuses.indexOf(429), statuses.at(-1)]).toEqual([60, 429]);
});

test('wrong keys are throttled by address: nobody may guess on, and who is known there still comes in', async () => {
  const { backend, router } = await withKeys([keyEntry('ann'), keyEntry('bob')]);
  const from = (key: string, address: string): Promise<Answer> => ask(router, openAi, hello, { authorization: key, 'x-forwarded-for': address });
  const ann = bearer('ann').authorization ?? '';
  const bob = bearer('bob').authorization ?? '';
  expect((await from(ann, '203.0.113.1')).status).toBe(200);
  for (let guess = 0; guess < 10; guess += 1) expect((await from(`Bearer oar_guess-${guess}`, '203.0.113.1')).status).toBe(401);
  expectLimited(await from('Bearer oar_guess-10', '203.0.113.1'));
  expectLimited(await from(bob, '203.0.113.1'));
  expect([(await from(ann, '203.0.113.1')).status, (await from(bob, '203.0.113.2')).status]).toEqual([200, 200]);
  expect(backend.received).toBe(3);
});

const some = { access: () => accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('ann', { models: ['small*', 'tiny:latest'] }), keyEntry('bob')]), aliases: { mine: 'small:1b', other: 'big:7b' } };

test('a key may be for some models: others are 403, lists do not show them, and auto chooses among its own', async () => {
  const { backend, router } = await start({ access: some.access(), aliases: some.aliases }, ['small:1b', 'big:7b', 'tiny', 'nomic-embed-text']);
  const ann = bearer('ann');
  for (const path of bothDialects) {
    const refused = await ask(router, path, chat({ model: 'big:7b' }), ann);
    expect([refused.status, errorIn(refused.body).code]).toEqual([403, 'forbidden']);
    expect((await ask(router, path, chat({ model: 'other' }), ann)).status).toBe(403);
    for (const name of ['small:1b', 'mine', 'tiny', 'tiny:latest', 'auto']) expect([name, (await ask(router, path, chat({ model: name }), ann)).status]).toEqual([name, 200]);
  }
  expect((await ask(router, '/v1/embeddings', { model: 'nomic-embed-text', input: 'x' }, ann)).status).toBe(403);
  expect((await ask(router, '/v1/messages', { model: 'big:7b', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] }, ann)).status).toBe(403);
  expect((await ask(router, openAi, chat({ model: 'big:7b', router: { mode: 'async' } }), ann)).status).toBe(403);
  expect(new Set(backend.requests.map(({ body }) => body?.model))).toEqual(new Set(['small:1b', 'tiny']));
  expect((await ask(router, openAi, chat({ model: 'big:7b' }), bearer('bob'))).status).toBe(200);
});

test('lists, descriptions and what is in memory are of the models that the key may use', async () => {
  const { router } = await start({ access: some.access(), aliases: some.aliases }, ['small:1b', 'big:7b', 'tiny', 'nomic-embed-text']);
  const text = async (path: string, key: string, more: Record<string, string> = {}): Promise<string> => (await read(await router.get(path, { ...bearer(key), ...more }))).text;
  for (const [path, more] of [['/v1/models', {}], ['/api/tags', {}], ['/v1/models', { 'anthropic-version': '2023-06-01' }], ['/api/ps', {}], ['/api/ps_details', {}]] as const) {
    expect(await text(path, 'ann', more)).not.toMatch(/big:7b|nomic|"other"/);
  }
  expect(await text('/v1/models', 'bob')).toMatch(/big:7b[\s\S]*/);
  expect(JSON.parse(await text('/v1/models', 'ann'))).toMatchObject({ data: ['small:1b', 'tiny', 'mine', 'auto'].map((id) => expect.objectContaining({ id: expect.stringContaining(id) })) });
  expect((await router.get('/v1/models/big:7b', bearer('ann'))).status).toBe(404);
  expect((await router.get('/v1/models/other', bearer('ann'))).status).toBe(404);
  expect((await ask(router, '/api/show', { model: 'big:7b' }, bearer('ann'))).status).toBe(404);
  expect((await ask(router, '/api/show', { model: 'small:1b' }, bearer('ann'))).status).toBe(200);
});

test('a key bounds the priority that its requests claim (ruling 9)', async () => {
  const keys = [keyEntry('ann', { maxPriority: 'low' }), keyEntry('bob')];
  const { backend, router } = await start({ access: accessOf({ standalone: closed, runtimeAgent: closed }, keys), models: [model('a:1b')], routes: {} });
  const release = backend.hold();
  const claim = (priority: string, seed: number): Json => chat({ model: 'a:1b', seed, router: { priority, mode: 'sync' } });
  const answers = [ask(router, openAi, claim('normal', 0), bearer('bob'))];
  await backend.waitForRequests(1);
  answers.push(ask(router, openAi, claim('high', 1), bearer('ann')));
  await queued(router, 1);
  answers.push(ask(router, openAi, claim('normal', 2), bearer('bob')));
  await queued(router, 2);
  release();
  await Promise.all(answers);
  expect(backend.requests.map(({ body }) => body?.seed)).toEqual([0, 2, 1]);
  await until(() => router.service.load().totalRunning === 0);
});

test.each<[string, Json, RegExp | null]>([
  ['beyond this machine without any key', { server: { host: '0.0.0.0' } }, /0\.0\.0\.0[\s\S]*oar keys create[\s\S]*oar serve --lan[\s\S]*allowOpenNetwork/],
  ['the same over IPv6', { server: { host: '::' } }, /oar keys create/],
  ['with one plane still open', { server: { host: '0.0.0.0' }, access: { managed: { planes: { standalone: closed } } } }, /oar keys create/],
  ['with both planes closed', { server: { host: '0.0.0.0' }, access: { managed: { planes: { standalone: closed, runtimeAgent: closed }, apiKeys: [keyEntry('ann')] } } }, null],
  ['open, when that was said', { server: { host: '0.0.0.0' }, access: { allowOpenNetwork: true } }, null],
  ['on this machine', {}, null],
])('a router that listens %s', async (_how, config, refusal) => {
  const backend = await fakeServer({ models: ['a:1b'] });
  const starting = startTestRouter({ ollama: { baseUrl: backend.url }, ...config });
  if (refusal !== null) {
    await expect(starting).rejects.toThrow(refusal);
    return;
  }
  const router = await starting;
  const { status } = await ask(router, openAi, hello);
  await router.stop();
  expect(status).toBe(config.access !== undefined && 'managed' in (config.access as Json) ? 401 : 200);
});

const chatPage = 'https://chat.example.org';
const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization, x-oar-backend' };

test('without listed origins a browser is told nothing, and pages of other sites do not get through', async () => {
  const { backend, router } = await start({ access: accessOf({ standalone: open, runtimeAgent: open }, []) });
  const send = plainClient(router.url);
  const asked = await send('OPTIONS', openAi, { origin: chatPage, ...preflight });
  expect([asked.status, Object.keys(asked.headers).filter((name) => name.startsWith('access-control'))]).toEqual([405, []]);
  // What a page may send without asking first.
  for (const origin of [chatPage, 'null', 'http://evil.example']) {
    const answer = await send('POST', openAi, { origin, 'content-type': 'text/plain' }, JSON.stringify(hello));
    expect([origin, answer.status, answer.headers['access-control-allow-origin']]).toEqual([origin, 403, undefined]);
  }
  expect((await send('POST', '/api/pull', { origin: 'http://localhost:3000' }, '{"model":"x"}')).status).toBe(403);
  expect(backend.received).toBe(0);
  expect((await send('POST', openAi, { origin: router.url }, JSON.stringify(hello))).status).toBe(200);
});

test('a listed page may ask and read, errors and streams too; another one still may not', async () => {
  const { router } = await start({ server: { cors: { origins: [chatPage] } }, access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('ann')]) });
  const send = plainClient(router.url);
  const asked = await send('OPTIONS', openAi, { origin: chatPage, ...preflight });
  expect(asked).toMatchObject({ status: 204, text: '', headers: { 'access-control-allow-origin': chatPage, 'access-control-allow-methods': expect.stringContaining('POST'), 'access-control-allow-headers': 'authorization, x-oar-backend', vary: 'Origin' } });
  for (const [status, headers] of [[200, bearer('ann')], [401, {}]] as const) {
    const answer = await send('POST', openAi, { origin: chatPage, ...headers }, JSON.stringify({ ...hello, stream: true }));
    expect([answer.status, answer.headers['access-control-allow-origin'], answer.headers.vary]).toEqual([status, chatPage, 'Origin']);
  }
  const other = { origin: 'https://chat.example.org.evil.example' };
  expect(await send('OPTIONS', openAi, { ...other, ...preflight })).toMatchObject({ status: 405 });
  const refused = await send('POST', openAi, { ...other, ...bearer('ann') }, JSON.stringify(hello));
  expect([refused.status, refused.headers['access-control-allow-origin'], refused.headers.vary]).toEqual([403, undefined, 'Origin']);
});

test('a name that somebody had pointed at this machine reads nothing (DNS rebinding)', async () => {
  const { router } = await start({ server: { cors: { origins: ['https://llm.example.org'] } }, access: accessOf({ standalone: open, runtimeAgent: open }, [keyEntry('ann')]) });
  const send = plainClient(router.url);
  const status = async (host: string, path: string, headers: Record<string, string> = {}): Promise<number> => (await send('GET', path, { host, ...headers })).status;
  for (const path of ['/v1/jobs', '/api/tags', '/v1/router/status', '/']) expect([path, await status('evil.example:11435', path)]).toEqual([path, 403]);
  for (const host of ['localhost', '127.0.0.1:11435', '[::1]', '192.168.1.7', 'gpu-box', 'gpu-box.local', 'oar.localhost:80', 'llm.example.org']) expect([host, await status(host, '/v1/models')]).toEqual([host, 200]);
  expect(await status('evil.example', '/v1/models', bearer('ann'))).toBe(200);
  expect(await status('evil.example', '/health')).toBe(200);
});

test('an address that is written whole is the same address, with the same door before it', async () => {
  const { router } = await start({ access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('ann')]) });
  const send = plainClient(router.url);
  const status = async (target: string, headers: Record<string, string> = {}): Promise<number> => (await send('GET', target, headers)).status;
  for (const written of [`${router.url}/v1/models`, 'HTTPS://models.example/v1/models?x=1']) expect([written, await status(written), await status(written, bearer('ann'))]).toEqual([written, 401, 200]);
  expect([await status(router.url, bearer('ann')), await status(`${router.url}?x=1`, bearer('ann'))]).toEqual([200, 200]);
  for (const other of ['http:///v1/models', 'ftp://x/v1/models', 'http://x//v1/models']) expect([other, await status(other, bearer('ann'))]).toEqual([other, 404]);
  const { router: local } = await start({ access: accessOf({ standalone: open, runtimeAgent: open }, [keyEntry('ann')]) });
  expect((await plainClient(local.url)('GET', `${local.url}/v1/models`, { host: 'evil.example' })).status).toBe(403);
});

test('health tells where the servers are to this machine and to keys, and to nobody else (ruling 14)', async () => {
  const { router } = await start({ access: accessOf({ standalone: open, runtimeAgent: open }, [keyEntry('ann'), keyEntry('old', { enabled: false })]) });
  const tells = async (headers: Record<string, string>): Promise<boolean> => 'endpoints' in (await read(await router.get('/health', headers))).body;
  const away = { 'x-forwarded-for': '203.0.113.7' };
  expect([await tells({}), await tells(away), await tells({ ...away, ...bearer('ann') }), await tells({ ...away, ...bearer('old') }), await tells({ ...away, authorization: 'Bearer nope' })]).toEqual([true, false, true, false, false]);
  await expectAtRest(router);
});
