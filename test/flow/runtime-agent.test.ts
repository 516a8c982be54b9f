/** What a gateway such as Kong relies on: capabilities, runtime, execution on a model that it chose, jobs that name their node. */
import { afterEach, expect, test } from 'vitest';
import { FakeGateway, type GatewayNode } from '../fakes/gateway.ts';
import { hashOf } from '../../src/util/secret-hash.ts';
import { ask, backendsOf, call, chat, errorIn, expectAtRest, fakeServer, faultsOf, type Json, objectIn, openAi, payloadsIn, queued, read, routerOver, routerWith, until } from '../support/flow-bed.ts';
import { isoTime } from '../support/jobs-bed.ts';
import { model, type TestRouter } from '../support/test-router.ts';

const execute = '/v1/router/execute';
const enqueue = '/v1/router/jobs';
const nullKey = /:null\b/;
const gateways: FakeGateway[] = [];

afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
});

const models = [model('coder:7b', { purpose: ['code_review'], tags: ['code'] }), model('small:1b', { maxConcurrent: 2 })];
const routes = { simple_chat: ['small:1b', 'coder:7b'], code_review: ['coder:7b', 'small:1b'] };

async function start(config: Json = {}) {
  const backend = await fakeServer({ models: ['coder:7b', 'small:1b', 'listed:1b', 'big:20b'] });
  return { backend, router: await routerOver(backend, { server: { nodeId: 'lab-1' }, models, routes, ...config }) };
}

const order = (more: Json = {}, request: Json = {}): Json => ({ selectedModel: 'coder:7b', request: { messages: [{ role: 'user', content: 'Review this' }], ...request }, ...more });

async function jobEnd(router: TestRouter, id: unknown) {
  let answer = await read(await router.get(`/v1/jobs/${String(id)}/result`));
  while (answer.status === 202) answer = await read(await router.get(`/v1/jobs/${String(id)}/result`));
  return answer;
}

const record = async (router: TestRouter, id: unknown): Promise<Json> => (await read(await router.get(`/v1/jobs/${String(id)}`))).body;

test('execute answers with five members, and the result is what the backend said', async () => {
  const { backend, router } = await start();
  backend.script('coder:7b', { text: 'Looks good.' });
  const direct = await read(await fetch(`${backend.url}${openAi}`, { method: 'POST', body: JSON.stringify(chat({ model: 'coder:7b' })) }));
  const { status, headers, body } = await ask(router, execute, order({ priority: 'high', routerDecision: { taskType: 'code_review', score: 250, reason: 'Selected by Kong', priority: 'high' } }, { model: 'auto', stream: false, temperature: 0.2, router: { mode: 'auto', preferredModels: ['node-2/small:1b'] } }));
  expect(status).toBe(200);
  expect(headers.get('content-type')).toMatch(/^application\/json/);
  expect(Object.keys(body)).toEqual(['result', 'nodeId', 'selectedModel', 'queueTimeMs', 'executionTimeMs']);
  expect(body).toEqual({ result: expect.any(Object), nodeId: 'lab-1', selectedModel: 'coder:7b', queueTimeMs: expect.any(Number), executionTimeMs: expect.any(Number) });
  const result = body['result'] as Json;
  expect(Object.keys(result)).toEqual(Object.keys(direct.body));
  expect(result).toMatchObject({ model: 'coder:7b', choices: [{ message: { content: 'Looks good.' } }] });
  expect(backend.requests[1]?.body).toEqual({ messages: [{ role: 'user', content: 'Review this' }], model: 'coder:7b', stream: false, temperature: 0.2 });
  expect(Object.fromEntries(headers)).toMatchObject({ 'x-oar-backend': 'ollama', 'x-oar-model': 'coder:7b', 'x-oar-task-type': 'code_review', 'x-oar-mode': 'sync' });
  expect(router.lines.filter((line) => line.message === 'request').at(-1)?.fields).toMatchObject({ plane: 'runtimeAgent', task: 'code_review', model: 'coder:7b' });
  await expectAtRest(router);
});

test('the times are those of the queue and of the work', async () => {
  const { backend, router } = await start();
  backend.script('coder:7b', { delayMs: 120 });
  const [first, second] = await Promise.all([ask(router, execute, order()), ask(router, execute, order())]);
  const waited = Math.max(Number(first.body['queueTimeMs']), Number(second.body['queueTimeMs']));
  // Timers may fire a millisecond early by another clock.
  expect(waited).toBeGreaterThanOrEqual(115);
  for (const { body } of [first, second]) {
    expect(Number(body['executionTimeMs'])).toBeGreaterThanOrEqual(115);
    expect(Number(body['executionTimeMs'])).toBeLessThan(waited + 115);
  }
});

test.each(['nobody:1b', 'auto', 'gpt-4o', 'coder'])('%s is no model that a gateway was shown: 404, and nothing is asked', async (selectedModel) => {
  const { backend, router } = await start({ aliases: { 'gpt-4o': 'coder:7b', coder: 'coder:7b' } });
  for (const path of [execute, enqueue]) {
    const answer = await ask(router, path, order({ selectedModel }));
    expect([answer.status, errorIn(answer.body)]).toEqual([404, expect.objectContaining({ message: `Unknown configured model: ${selectedModel}`, code: 'unknown_model' })]);
  }
  expect(backend.received).toBe(0);
});

test('a model that is listed and not configured may be ordered as well', async () => {
  const { router } = await start();
  expect((await ask(router, execute, order({ selectedModel: 'listed:1b' }))).body).toMatchObject({ selectedModel: 'listed:1b', result: { model: 'listed:1b' } });
});

test('no other model serves when the chosen one fails, but another backend that has it does', async () => {
  const [first, second] = [await fakeServer({ models: ['coder:7b', 'small:1b'] }), await fakeServer({ models: ['coder:7b'] })];
  const router = await routerWith({ backends: backendsOf({ first, second }), models, routes });
  await until(() => router.fleet.view().backends.every((backend) => backend.status === 'up'));
  first.script('coder:7b', { status: 500 });
  for (let count = 0; count < 3; count += 1) expect((await ask(router, execute, order())).headers.get('x-oar-backend')).toBe('second');
  second.script('coder:7b', { status: 500 });
  const answer = await ask(router, execute, order());
  expect([answer.status, errorIn(answer.body)]).toEqual([502, expect.objectContaining({ code: 'backend_failed', message: expect.stringContaining('scripted status 500') })]);
  for (const backend of [first, second]) expect(backend.requests.every((request) => request.body?.['model'] === 'coder:7b')).toBe(true);
});

test('a stream is refused in the old words, unless the gateway takes events: then the chunks pass as they are', async () => {
  const { backend, router } = await start();
  backend.script('coder:7b', { chunks: ['Looks ', 'good.'] });
  for (const [path, headers] of [[execute, {}], [execute, { accept: '*/*' }], [execute, { accept: 'application/json' }], [enqueue, { accept: 'text/event-stream' }]] as const) {
    const answer = await ask(router, path, order({}, { stream: true }), headers);
    expect([answer.status, errorIn(answer.body).message], path).toEqual([400, 'Streaming is not supported by ollama-agent-router v1']);
  }
  expect(backend.received).toBe(0);
  const direct = await (await fetch(`${backend.url}${openAi}`, { method: 'POST', body: JSON.stringify(chat({ model: 'coder:7b', stream: true })) })).text();
  const answer = await ask(router, execute, order({}, { stream: true }), { accept: 'application/json, text/event-stream;q=0.9' });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const strip = (text: string) => payloadsIn(text).map((payload) => (payload === '[DONE]' ? payload : { ...objectIn(payload), id: '', created: 0 }));
  expect(strip(answer.text)).toEqual(strip(direct));
  expect(answer.headers.get('x-oar-backend')).toBe('ollama');
  // Who takes events and asks for no stream gets one answer.
  expect(Object.keys((await ask(router, execute, order(), { accept: 'text/event-stream' })).body)).toHaveLength(5);
});

test('what Lua cannot tell from a list is taken for one, and reaches the backend as one', async () => {
  const { backend, router } = await start();
  const tools = [{ type: 'function', function: { name: 'now', parameters: { type: 'object', properties: {}, required: {} } } }];
  const answer = await ask(router, execute, order({ routerDecision: {} }, { stop: {}, tools, router: { preferredModels: {}, forbiddenModels: {} } }));
  expect(answer.status).toBe(200);
  expect(backend.requests[0]?.body).toMatchObject({ stop: [], tools: [{ function: { parameters: { type: 'object', properties: {}, required: [] } } }] });
});

test('the priority of the order decides who goes first', async () => {
  const { backend, router } = await start();
  const release = backend.hold();
  const served: string[] = [];
  const send = (name: string, more: Json, request: Json = {}) => ask(router, execute, order(more, request)).then(({ status }) => void served.push(`${name} ${status}`));
  const all = [send('first', {})];
  await backend.waitForRequests(1);
  const waiting: readonly (readonly [string, Json, Json])[] = [
    ['low', { routerDecision: { priority: 'low' } }, { router: { priority: 'high' } }],
    ['default', {}, {}],
    ['high', { priority: 'high', routerDecision: { priority: 'low' } }, {}],
  ];
  for (const [position, [name, more, request]] of waiting.entries()) {
    all.push(send(name, more, request));
    await queued(router, position + 1);
  }
  release();
  await Promise.all(all);
  expect(served).toEqual(['first 200', 'high 200', 'default 200', 'low 200']);
});

test('the limits of the machine hold for a gateway too: all at once, exclusive models, full queues', async () => {
  const { backend, router } = await start({ models: [...models, model('big:20b', { exclusive: true })], queue: { globalMaxConcurrent: 2, globalMaxQueued: 1 } });
  const release = backend.hold();
  const small = (): ReturnType<typeof ask> => ask(router, execute, order({ selectedModel: 'small:1b' }));
  const running = [small()];
  await backend.waitForRequests(1);
  const big = ask(router, execute, order({ selectedModel: 'big:20b' }));
  await queued(router, 1);
  expect(backend.received).toBe(1);
  const full = await ask(router, execute, order({ selectedModel: 'big:20b' }));
  expect([full.status, errorIn(full.body).code, full.headers.get('retry-after')]).toEqual([503, 'queue_full', expect.stringMatching(/^[1-9]\d*$/)]);
  release();
  expect((await Promise.all([...running, big])).map(({ status }) => status)).toEqual([200, 200]);
  expect(backend.running.peak).toBe(1);
  await expectAtRest(router);
});

test('what must run on a GPU alone is refused where there is none, whatever the gateway thought', async () => {
  const { backend, router } = await start();
  for (const path of [execute, enqueue]) {
    const answer = await ask(router, path, order({}, { router: { requireGpuOnly: true } }));
    expect([answer.status, errorIn(answer.body)], path).toEqual([503, expect.objectContaining({ code: 'no_capacity', message: 'coder:7b: gpu_only' })]);
  }
  expect(backend.received).toBe(0);
});

test("an execution may take as long as the request says, else queue.timeoutMs", async () => {
  const { backend, router } = await start({ queue: { timeoutMs: 60 } });
  backend.script('coder:7b', { fault: 'hang' });
  const byDefault = await ask(router, execute, order());
  expect([byDefault.status, errorIn(byDefault.body).code]).toEqual([504, 'backend_timeout']);
  backend.script('small:1b', { delayMs: 150 });
  expect((await ask(router, execute, order({ selectedModel: 'small:1b' }, { router: { maxExecutionTimeMs: 5000 } }))).status).toBe(200);
  expect((await ask(router, execute, order({ selectedModel: 'small:1b' }, { router: { maxExecutionTimeMs: 30 } }))).status).toBe(504);
});

test('a gateway that leaves ends the work, whether it runs or waits', async () => {
  const { backend, router } = await start();
  const release = backend.hold();
  const running = call(router, execute, order());
  await backend.waitForRequests(1);
  const waiting = call(router, execute, order());
  await queued(router, 1);
  waiting.leave();
  await queued(router, 0);
  running.leave();
  await backend.waitForAborts(1);
  await expectAtRest(router);
  expect(backend.received).toBe(1);
  release();
  expect((await Promise.all([ask(router, execute, order()), ask(router, execute, order())])).map(({ status }) => status)).toEqual([200, 200]);
  expect(faultsOf(router)).toEqual([]);
});

test('bad orders are told what is wrong, in the shape that a gateway reads', async () => {
  const { backend, router } = await start();
  for (const path of [execute, enqueue]) {
    for (const [body, param] of [['{', undefined], ['null', undefined], [{}, 'selectedModel'], [{ selectedModel: 'coder:7b' }, 'request'], [order({ priority: 'urgent' }), 'priority'], [order({}, { messages: {} }), 'messages'], [order({}, { messages: 'hi' }), 'messages']] as const) {
      const answer = await ask(router, path, body);
      expect([answer.status, errorIn(answer.body)], `${path} ${JSON.stringify(body)}`).toEqual([400, expect.objectContaining({ code: 'invalid_request', message: expect.any(String), ...(param === undefined ? {} : { param }) })]);
    }
  }
  expect((await router.get(execute)).status).toBe(405);
  expect(backend.received).toBe(0);
  expect(faultsOf(router)).toEqual([]);
});

test('a job is accepted with five members, keeps what the gateway said of it, and runs on the chosen model', async () => {
  const { backend, router } = await start();
  const release = backend.hold();
  const first = await ask(router, enqueue, order({ classification: { taskType: 'code_review', complexity: 'heavy', requiresLargeContext: false, requiresToolUse: false, confidence: 0.8 }, priority: 'high', routerDecision: { score: 1, reason: 'r', priority: 'high' } }, { model: 'x', router: { mode: 'sync' } }));
  expect(first.status).toBe(202);
  expect(Object.keys(first.body)).toEqual(['id', 'status', 'position', 'nodeId', 'selectedModel']);
  expect(first.body).toEqual({ id: expect.stringMatching(/^job_lab-1_[A-Za-z0-9_-]{16}$/), status: 'queued', position: 1, nodeId: 'lab-1', selectedModel: 'coder:7b' });
  await backend.waitForRequests(1);
  const second = await ask(router, enqueue, order({ classification: { taskType: 'a task of our own' } }));
  const third = await ask(router, enqueue, order());
  expect([second.body['position'], third.body['position']]).toEqual([1, 2]);
  expect(await record(router, first.body['id'])).toMatchObject({ task_type: 'code_review', selected_model: 'coder:7b', priority: 90 });
  expect(await record(router, second.body['id'])).toMatchObject({ task_type: 'a task of our own', priority: 50 });
  release();
  for (const { body } of [first, second, third]) {
    const result = await jobEnd(router, body['id']);
    expect([result.status, result.body]).toEqual([200, expect.objectContaining({ model: 'coder:7b', object: 'chat.completion' })]);
    expect(result.body).not.toHaveProperty('router');
  }
  expect(backend.requests.map((request) => request.body?.['model'])).toEqual(['coder:7b', 'coder:7b', 'coder:7b']);
  await expectAtRest(router);
});

test('router.defaultTaskType is what a job is about when the gateway does not say', async () => {
  const { router } = await start({ router: { defaultTaskType: 'summarize' } });
  const { body } = await ask(router, enqueue, order());
  expect(await record(router, body['id'])).toMatchObject({ task_type: 'summarize', created_at: expect.stringMatching(isoTime) });
  const answer = await ask(router, execute, order());
  expect(answer.headers.get('x-oar-task-type')).toBe('summarize');
});

test("a failed job says why, and does not move to another model", async () => {
  const { backend, router } = await start({ jobs: { maxAttempts: 1 } });
  backend.script('coder:7b', { status: 500, body: '{"error":{"message":"the runner has crashed"}}' });
  const { body } = await ask(router, enqueue, order());
  const told = await jobEnd(router, body['id']);
  expect([told.status, told.body]).toEqual([500, { status: 'failed', error: { code: 'backend_failed', message: expect.stringContaining('crashed') } }]);
  expect(backend.requests.every((request) => request.body?.['model'] === 'coder:7b')).toBe(true);
});

test('capabilities and runtime of fifty servers with two hundred models each come from memory, at once, without null', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `model-${index}:7b`);
  const servers = await Promise.all(Array.from({ length: 50 }, async (_, index) => [`server-${index}`, await fakeServer({ models: names })] as const));
  const router = await routerWith({ backends: backendsOf(Object.fromEntries(servers)) }, { probeIntervalMs: 600_000 });
  await expect.poll(() => router.fleet.view().backends.every((backend) => backend.status === 'up'), { timeout: 20_000 }).toBe(true);
  const listings = (): number[] => servers.map(([, server]) => server.listings.length);
  const before = listings();
  for (const path of ['/v1/router/capabilities', '/v1/router/runtime']) {
    const text = await (await router.get(path)).text();
    expect(text).not.toMatch(nullKey);
    expect(text).not.toContain('"gpu":null');
    const times: number[] = [];
    for (let count = 0; count < 21; count += 1) {
      const at = performance.now();
      await (await router.get(path)).text();
      times.push(performance.now() - at);
    }
    expect(times.sort((a, b) => a - b)[10], path).toBeLessThan(20);
  }
  const capabilities = (await read(await router.get('/v1/router/capabilities'))).body;
  expect(capabilities['models']).toHaveLength(200);
  expect(listings()).toEqual(before);
}, 30_000);

interface Site {
  readonly gateway: FakeGateway;
  readonly nodes: Readonly<Record<string, { readonly router: TestRouter; readonly backend: Awaited<ReturnType<typeof fakeServer>> }>>;
}

async function site(ids: readonly string[], config: Json = {}, node: Partial<GatewayNode> = {}): Promise<Site> {
  const nodes: Record<string, Site['nodes'][string]> = {};
  for (const id of ids) nodes[id] = await start({ server: { nodeId: id }, ...config });
  for (const { router } of Object.values(nodes)) await until(() => router.fleet.view().backends.every((backend) => backend.status === 'up'));
  const gateway = await FakeGateway.start(Object.entries(nodes).map(([id, { router }]) => ({ id, baseUrl: router.url, ...node })));
  gateways.push(gateway);
  return { gateway, nodes };
}

const toGateway = async (gateway: FakeGateway, method: string, path: string, body?: Json) =>
  read(await fetch(`${gateway.url}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }));

test('a gateway finds the free node, and gives its clients what they expect', async () => {
  const { gateway, nodes } = await site(['lab-1', 'lab-2']);
  const first = await toGateway(gateway, 'POST', openAi, chat({ tools: [], stop: [] }));
  expect([first.status, first.body]).toEqual([200, expect.objectContaining({ object: 'chat.completion', router: expect.objectContaining({ mode: 'sync', selectedModel: 'small:1b', queueTimeMs: expect.any(Number) }) })]);
  const served = String((first.body['router'] as Json)['nodeId']);
  const other = served === 'lab-1' ? 'lab-2' : 'lab-1';
  const release = nodes[served]?.backend.hold();
  const busy = toGateway(gateway, 'POST', openAi, chat());
  await until(() => (nodes[served]?.router.service.load().totalRunning ?? 0) + (nodes[other]?.router.service.load().totalRunning ?? 0) > 0 || (nodes[other]?.backend.received ?? 0) > 0);
  const second = await toGateway(gateway, 'POST', openAi, chat());
  release?.();
  const [a, b] = [(await busy).body['router'] as Json, second.body['router'] as Json];
  expect([a['nodeId'], b['nodeId']].sort()).toEqual(['lab-1', 'lab-2']);
  expect(gateway.snapshotMs.length).toBeGreaterThanOrEqual(12);
  expect(Math.max(...gateway.snapshotMs)).toBeLessThan(500);
});

test('a job is found again by its id, on the node that has it, until it has its result', async () => {
  const { gateway, nodes } = await site(['lab-1', 'lab-2']);
  const accepted = await toGateway(gateway, 'POST', openAi, chat({ router: { mode: 'async', taskType: 'code_review' } }));
  expect(accepted.status).toBe(202);
  const { id, router } = accepted.body as { id: string; router: Json };
  const owner = String(router['nodeId']);
  expect(id.startsWith(`job_${owner}_`)).toBe(true);
  expect(router).toMatchObject({ preferredModel: 'coder:7b', position: 1 });
  await expect.poll(async () => (await toGateway(gateway, 'GET', `/v1/jobs/${id}`)).body['status']).toBe('succeeded');
  expect((await toGateway(gateway, 'GET', `/v1/jobs/${id}/result`)).body).toMatchObject({ model: 'coder:7b' });
  expect((await toGateway(gateway, 'DELETE', `/v1/jobs/${id}`)).body).toMatchObject({ id, status: 'succeeded', task_type: 'code_review' });
  expect(nodes[owner]?.backend.received).toBe(1);
  expect((await toGateway(gateway, 'GET', `/v1/jobs/job_${owner}_0000000000000000`)).status).toBe(404);
  expect((await toGateway(gateway, 'GET', '/v1/jobs/job_elsewhere_0000000000000000')).status).toBe(502);
});

test('what fails behind a gateway reaches its clients with status and words', async () => {
  const { gateway, nodes } = await site(['lab-1'], { jobs: { maxAttempts: 1 } });
  nodes['lab-1']?.backend.script('*', { status: 500, body: '{"error":{"message":"the runner has crashed"}}' });
  const failed = await toGateway(gateway, 'POST', openAi, chat());
  expect([failed.status, failed.body]).toEqual([502, { error: { message: expect.stringContaining('crashed') } }]);
  const { id } = (await toGateway(gateway, 'POST', openAi, chat({ router: { mode: 'async' } }))).body as { id: string };
  await expect.poll(async () => (await toGateway(gateway, 'GET', `/v1/jobs/${id}`)).body['status']).toBe('failed');
  const told = await toGateway(gateway, 'GET', `/v1/jobs/${id}/result`);
  expect([told.status, told.body]).toEqual([500, { error: { message: expect.stringContaining('crashed') } }]);
  await nodes['lab-1']?.backend.close();
  await until(() => nodes['lab-1']?.router.fleet.view().backends[0]?.status === 'down');
  expect((await toGateway(gateway, 'POST', openAi, chat())).status).toBe(503);
});

const closed = { enabled: true, auth: { requireApiKey: true, anonymous: 'reject' } };
const kong = { id: 'kong', keyHash: hashOf('kong-secret'), scopes: ['runtimeAgent'], limits: { runtimeAgent: { requests: 9, windowSeconds: 60 } } };
const access = { managed: { planes: { standalone: closed, runtimeAgent: closed }, apiKeys: [kong, { id: 'ada', keyHash: hashOf('ada-secret'), scopes: ['standalone'] }] } };

test('a gateway comes with the key of its plane; without it, or with too much, its clients hear nothing of keys', async () => {
  const { gateway, nodes } = await site(['lab-1'], { access }, { headers: { 'x-api-key': 'kong-secret' } });
  const router = nodes['lab-1']?.router;
  if (router === undefined) throw new Error('no router');
  const accepted = await toGateway(gateway, 'POST', openAi, chat({ router: { mode: 'async' } }));
  expect(accepted.status).toBe(202);
  expect((await toGateway(gateway, 'GET', `/v1/jobs/${String(accepted.body['id'])}`)).status).toBe(200);
  expect((await toGateway(gateway, 'POST', openAi, chat())).status).toBe(200);
  for (const path of [execute, enqueue]) {
    expect((await ask(router, path, order())).status, path).toBe(401);
    expect((await ask(router, path, order(), { authorization: 'Bearer ada-secret' })).status, path).toBe(403);
  }
  // Two requests with two snapshots each, one look at a job: the window of nine is used up soon.
  await toGateway(gateway, 'POST', openAi, chat());
  const limited = await toGateway(gateway, 'POST', openAi, chat());
  expect([limited.status, limited.body]).toEqual([503, { error: { message: 'lab-1: node-router rate limited' } }]);
  const strangers = await FakeGateway.start([{ id: 'lab-1', baseUrl: router.url }]);
  gateways.push(strangers);
  const refused = await toGateway(strangers, 'POST', openAi, chat());
  expect([refused.status, refused.body]).toEqual([503, { error: { message: 'lab-1: node-router authentication failed' } }]);
});

test('a gateway whose key is for some models alone is told of no others', async () => {
  const few = { ...kong, models: ['coder*'] };
  const { router } = await start({ access: { managed: { planes: { standalone: closed, runtimeAgent: closed }, apiKeys: [few, { ...kong, id: 'all', keyHash: hashOf('all-secret') }] } } });
  const told = async (secret: string): Promise<Json> => (await read(await router.get('/v1/router/capabilities', { 'x-api-key': secret }))).body;
  expect(await told('all-secret')).toMatchObject({ models: [{ name: 'coder:7b' }, { name: 'small:1b' }], routes });
  const seen = await told('kong-secret');
  expect(seen).toMatchObject({ models: [{ name: 'coder:7b' }], routes: { simple_chat: ['coder:7b'], code_review: ['coder:7b'] } });
  expect((await ask(router, execute, order({ selectedModel: 'small:1b' }), { 'x-api-key': 'kong-secret' })).status).toBe(403);
});
