import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ask, backendsOf, bothDialects, chat, errorIn, expectAtRest, fakeServer, type Json, ollamaChat, ollamaGenerate, openAi, routerOver, routerWith } from '../support/flow-bed.ts';
import { model } from '../support/test-router.ts';

const twoModels = { models: [model('small:1b', { purpose: ['simple_chat'], costClass: 'low' }), model('coder:7b')], routes: { simple_chat: ['small:1b', 'coder:7b'] } };

async function start(config: Json = {}, models: readonly string[] = ['small:1b', 'coder:7b', 'plain:latest']) {
  const backend = await fakeServer({ models });
  return { backend, router: await routerOver(backend, config) };
}

test('a request without a model is routed by task, and the answer says why in body and headers', async () => {
  const { backend, router } = await start(twoModels);
  const { status, body, headers } = await ask(router, openAi, chat());
  expect(status).toBe(200);
  // 100 + route 50 + priority 50 + purpose 25 + light and low 15; VRAM unknown: no term.
  expect(body.router).toMatchObject({ mode: 'sync', taskType: 'simple_chat', selectedModel: 'small:1b', fallbackModels: ['coder:7b'], decisionReason: 'Selected small:1b for simple_chat with score 240.0' });
  expect(headers.get('x-oar-backend')).toBe('ollama');
  expect(headers.get('x-oar-model')).toBe('small:1b');
  expect(headers.get('x-oar-decision')).toBe('Selected small:1b for simple_chat with score 240.0');
  expect(headers.get('x-oar-fallback-models')).toBe('coder:7b');
  expect(backend.requests[0]?.body).not.toHaveProperty('router');
  expect(backend.requests[0]?.body).toMatchObject({ model: 'small:1b' });
});

test.each([['auto', 'auto'], ['auto:latest', 'auto:latest'], ['nothing', ''], ['null', null], ['an alias that means auto', 'gpt-4o'], ['a pattern that means auto', 'claude-3']])('%s is routed by task', async (_name, asked) => {
  const { router } = await start({ ...twoModels, aliases: { 'gpt-4o': 'auto', 'claude-*': 'auto' } });
  for (const path of bothDialects) {
    const { status, headers } = await ask(router, path, chat({ model: asked }));
    expect(status).toBe(200);
    expect(headers.get('x-oar-model')).toBe('small:1b');
    expect(headers.get('x-oar-task-type')).toBe('simple_chat');
  }
});

test('a named model is used as asked, configured or only listed, and with or without :latest (AR-D33)', async () => {
  const { backend, router } = await start({ ...twoModels, aliases: { 'gpt-4': 'coder:7b' } });
  const names = { 'coder:7b': 'coder:7b', plain: 'plain:latest', 'plain:latest': 'plain:latest', 'gpt-4': 'coder:7b' };
  for (const [asked, served] of Object.entries(names)) {
    for (const path of bothDialects) {
      const { status, headers } = await ask(router, path, chat({ model: asked }));
      expect({ status, model: headers.get('x-oar-model'), asked: headers.get('x-oar-requested-model') }).toEqual({ status: 200, model: served, asked });
      expect(backend.requests.at(-1)?.body).toMatchObject({ model: served });
    }
  }
});

test('a router object beside a named model does not route it elsewhere', async () => {
  const { router } = await start(twoModels);
  const { body, headers } = await ask(router, openAi, chat({ model: 'coder:7b', router: { taskType: 'simple_chat', preferredModels: ['small:1b'] } }));
  expect(headers.get('x-oar-model')).toBe('coder:7b');
  expect(body.router).toMatchObject({ selectedModel: 'coder:7b', taskType: 'unknown' });
});

test('an unknown model is 404 in the words of either API, with the names that come close (AR-D33)', async () => {
  const { backend, router } = await start();
  const openAiAnswer = await ask(router, openAi, chat({ model: 'smal:1b' }));
  expect(openAiAnswer.status).toBe(404);
  expect(openAiAnswer.body.error).toMatchObject({ type: 'not_found_error', code: 'unknown_model', param: 'model', message: expect.stringMatching(/smal:1b.*Did you mean.*small:1b/) });
  const ollamaAnswer = await ask(router, ollamaGenerate, { model: 'coder', prompt: 'Hi', stream: false });
  expect(ollamaAnswer.status).toBe(404);
  expect(ollamaAnswer.body).toMatchObject({ code: 'unknown_model', error: expect.stringContaining('coder:7b') });
  expect(backend.requests).toHaveLength(0);
});

test('preferred models go first, forbidden ones never', async () => {
  const { router } = await start(twoModels);
  const preferred = await ask(router, openAi, chat({ router: { preferredModels: ['coder:7b'] } }));
  // 100 + route 42 + priority 50 + preferred 80.
  expect(preferred.body.router).toMatchObject({ selectedModel: 'coder:7b', decisionReason: expect.stringContaining('272.0') });
  const forbidden = await ask(router, openAi, chat({ router: { preferredModels: ['small:1b'], forbiddenModels: ['small:1b'] } }));
  expect(forbidden.body.router).toMatchObject({ selectedModel: 'coder:7b', fallbackModels: [] });
  const none = await ask(router, openAi, chat({ router: { forbiddenModels: ['small:1b', 'coder:7b'] } }));
  expect(none.status).toBe(503);
  expect(errorIn(none.body).code).toBe('no_capacity');
  expect(Number(none.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('a model outside the route gets no bonus for it (AR-D5)', async () => {
  const { router } = await start({ models: [model('small:1b', { purpose: ['triage'] }), model('coder:7b', { tags: ['triage'] })], routes: { triage: ['small:1b'] } });
  const { body } = await ask(router, openAi, chat({ router: { taskType: 'triage' } }));
  // 100 + route 50 + priority 50 + purpose 25; the other 150.
  expect(body.router).toMatchObject({ selectedModel: 'small:1b', fallbackModels: ['coder:7b'], decisionReason: expect.stringContaining('225.0') });
});

test('a route may bear any name, and a task without one takes the route of unknown', async () => {
  const { router } = await start({ models: [model('small:1b'), model('coder:7b')], routes: { translate: ['coder:7b'], unknown: ['small:1b'] } });
  const own = await ask(router, openAi, chat({ router: { taskType: 'translate' } }));
  expect(own.body.router).toMatchObject({ taskType: 'translate', selectedModel: 'coder:7b' });
  const without = await ask(router, openAi, chat({ router: { taskType: 'code_fix' } }));
  expect(without.body.router).toMatchObject({ taskType: 'code_fix', selectedModel: 'small:1b' });
});

test.each(['__proto__', 'constructor', 'toString', 'no-such-task'])('the task type %s is an unknown one and nothing worse (AR-D35)', async (taskType) => {
  const { router } = await start({ models: [model('small:1b')], routes: { unknown: ['small:1b'] } });
  const { status, text, headers } = await ask(router, openAi, JSON.stringify(chat({ router: { taskType } })));
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ router: { taskType: 'unknown', selectedModel: 'small:1b' } });
  expect(headers.get('x-oar-task-type')).toBe('unknown');
  expect(await (await router.get('/metrics')).text()).not.toContain(taskType);
});

test('the router object is in the answer with models in a file, when routed, and when asked with one; headers always tell', async () => {
  const withFile = await start(twoModels);
  expect((await ask(withFile.router, openAi, chat({ model: 'coder:7b' }))).body).toHaveProperty('router');
  expect((await ask(withFile.router, ollamaChat, chat({ model: 'coder:7b' }))).body).not.toHaveProperty('router');
  const without = await start();
  const plain = await ask(without.router, openAi, chat({ model: 'coder:7b' }));
  expect(plain.body).not.toHaveProperty('router');
  expect(plain.headers.get('x-oar-backend')).toBe('ollama');
  expect((await ask(without.router, openAi, chat({ model: 'auto' }))).body).toHaveProperty('router');
  expect((await ask(without.router, openAi, chat({ model: 'coder:7b', router: {} }))).body).toHaveProperty('router');
});

test('a stream carries what the router object says in its headers', async () => {
  const { router } = await start(twoModels);
  const { text, headers } = await ask(router, openAi, chat({ stream: true, router: { taskType: 'simple_chat' } }));
  expect(text).not.toContain('"router"');
  expect(Object.fromEntries(['mode', 'task-type', 'model', 'backend', 'fallback-models', 'attempts', 'decision'].map((name) => [name, headers.get(`x-oar-${name}`)]))).toEqual({
    mode: 'sync',
    'task-type': 'simple_chat',
    model: 'small:1b',
    backend: 'ollama',
    'fallback-models': 'coder:7b',
    attempts: '1',
    decision: 'Selected small:1b for simple_chat with score 225.0',
  });
});

const toolTurn = '[{"role":"user","content":[{"type":"text","text":"Weather?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}],"name":"ann"},{"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\\"in\\": \\"Łódź\\"}"}}],"x_own":12345678901234567890},{"role":"tool","tool_call_id":"call_1","name":"weather","content":"sunny \\u2600 1.0"}]';
const ollamaTurn = '[{"role":"user","content":"Weather?","images":["AAAA"]},{"role":"assistant","content":"","thinking":"hm","tool_calls":[{"function":{"name":"weather","arguments":{"in":"Łódź","n":12345678901234567890}}}],"x_own":1.0},{"role":"tool","tool_name":"weather","content":"sunny"}]';

test.each([[openAi, toolTurn], [ollamaChat, ollamaTurn]])('%s: a request passes byte for byte but for the model and the router object (AR-D1)', async (path, messages) => {
  const { backend, router } = await start();
  const body = (asked: string) => `{ "stream":false,"x_unknown" : {"big":123456789012345678901234567890,"one":1.0, "u":"\\u00e9é"},"model":${asked},\n"messages":${messages},"user":"u", "seed":9007199254740993}`;
  expect((await ask(router, path, body('"coder:7b"'))).status).toBe(200);
  expect(backend.requests[0]?.text).toBe(body('"coder:7b"'));
  expect((await ask(router, path, body('"plain"'))).status).toBe(200);
  expect(backend.requests[1]?.text).toBe(body('"plain:latest"'));
  expect((await ask(router, path, body('"coder:7b", "router": {"priority":"high"}'))).status).toBe(200);
  expect(backend.requests[2]?.text).toBe(body('"coder:7b"'));
});

test('stream: null means what the API means by leaving it out (AR-D4)', async () => {
  const { router } = await start();
  const own = await ask(router, openAi, chat({ model: 'coder:7b', stream: null }));
  expect(own.headers.get('content-type')).toContain('application/json');
  const ollama = await ask(router, ollamaChat, chat({ model: 'coder:7b', stream: null }));
  expect(ollama.headers.get('content-type')).toContain('application/x-ndjson');
});

test('everything lies below the base path, and a path in the address of Ollama is kept (AR-D39)', async () => {
  const backend = await fakeServer({ models: ['small:1b'] });
  const proxy = createServer((request, response) => {
    if (!request.url?.startsWith('/proxy/ollama/')) return void response.writeHead(404).end();
    const forward = httpRequest({ port: backend.port, method: request.method, path: request.url.slice('/proxy/ollama'.length), headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(forward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const router = await routerWith({ server: { basePath: 'oar-x/y/' }, ollama: { baseUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/proxy/ollama/` } });
  expect(router.url).toMatch(/\/oar-x\/y$/);
  for (const path of bothDialects) expect((await ask(router, path, chat({ model: 'small:1b' }))).status).toBe(200);
  expect((await router.get('/health')).status).toBe(200);
  const outside = await fetch(router.url.replace('/oar-x/y', '/v1/models'));
  expect(outside.status).toBe(404);
  expect(await outside.json()).toMatchObject({ error: { code: 'not_found' } });
});

test('keep_alive is sent when the file sets it and the caller does not, and never otherwise', async () => {
  const backend = await fakeServer({ models: ['small:1b'] });
  const set = await routerWith({ ollama: { baseUrl: backend.url, keepAlive: '7m' } });
  const unset = await routerOver(backend);
  for (const path of bothDialects) {
    const ours = await ask(set, path, chat({ model: 'small:1b' }));
    expect(backend.requests.at(-1)?.body).toMatchObject({ keep_alive: '7m' });
    expect(ours.headers.get('x-oar-rewrites')).toBe('keep_alive');
    const theirs = await ask(set, path, chat({ model: 'small:1b', keep_alive: -1 }));
    expect(backend.requests.at(-1)?.body).toMatchObject({ keep_alive: -1 });
    expect(theirs.headers.get('x-oar-rewrites')).toBeNull();
    await ask(unset, path, chat({ model: 'small:1b' }));
    expect(backend.requests.at(-1)?.body).not.toHaveProperty('keep_alive');
  }
});

test('the context of the file is asked for on native requests alone, and the caller\'s own goes before it', async () => {
  const { backend, router } = await start({ models: [model('small:1b', { defaultContext: 6144, maxContext: 8192 })], routes: {}, context: { protect: 'passthrough' } });
  const native = await ask(router, ollamaChat, chat({ model: 'small:1b', options: { temperature: 0.5 } }));
  expect(backend.requests[0]?.body).toMatchObject({ options: { temperature: 0.5, num_ctx: 6144 } });
  expect(native.headers.get('x-oar-rewrites')).toBe('num_ctx');
  await ask(router, ollamaChat, chat({ model: 'small:1b', options: { num_ctx: 1000 } }));
  expect(backend.requests[1]?.body).toMatchObject({ options: { num_ctx: 1000 } });
  await ask(router, openAi, chat({ model: 'small:1b' }));
  expect(backend.requests[2]?.body).not.toHaveProperty('options');
});

test('a prompt longer than any context that may serve it is 400 with both numbers', async () => {
  const { backend, router } = await start({ models: [model('small:1b', { defaultContext: 50, maxContext: 100 })], routes: { unknown: ['small:1b'] } });
  // 4 characters are taken as a token.
  const long = { messages: [{ role: 'user', content: 'word'.repeat(1000) }], stream: false };
  for (const path of bothDialects) {
    for (const asked of ['small:1b', 'auto']) {
      const { status, body } = await ask(router, path, { ...long, model: asked });
      expect(status).toBe(400);
      expect(errorIn(body)).toMatchObject({ code: 'context_overflow', message: expect.stringMatching(/\b10\d\d\b.*\b100\b/) });
    }
  }
  expect(backend.requests).toHaveLength(0);
});

test('X-OAR-Backend is strict: that backend or 503', async () => {
  const one = await fakeServer({ models: ['shared:1b', 'only-one:1b'] });
  const two = await fakeServer({ models: ['shared:1b'] });
  const router = await routerWith({ backends: backendsOf({ one, two }) });
  for (const id of ['one', 'two', 'one', 'two']) {
    expect((await ask(router, openAi, chat({ model: 'shared:1b' }), { 'x-oar-backend': id })).headers.get('x-oar-backend')).toBe(id);
  }
  for (const [wanted, asked] of [['two', 'only-one:1b'], ['three', 'shared:1b']] as const) {
    const refused = await ask(router, ollamaChat, chat({ model: asked }), { 'x-oar-backend': wanted });
    expect(refused.status).toBe(503);
    expect(errorIn(refused.body)).toMatchObject({ code: 'no_capacity', message: expect.stringContaining(wanted) });
  }
  two.script('*', { status: 500 });
  const failed = await ask(router, openAi, chat({ model: 'shared:1b' }), { 'x-oar-backend': 'two' });
  expect(failed.status).toBe(502);
  expect(failed.headers.get('x-oar-attempts')).toBe('1');
  await expectAtRest(router);
});

test('without a file the listed chat models get roles by name and size, and embedding models no chat', async () => {
  const gb = 2 ** 30;
  const backend = await fakeServer({
    models: [
      { name: 'nomic-embed-text:latest', sizeBytes: 0.3 * gb, capabilities: ['embedding'] },
      { name: 'llama3.2:3b', sizeBytes: 2 * gb },
      { name: 'qwen-coder:7b', sizeBytes: 5 * gb },
      { name: 'gpt-oss:20b', sizeBytes: 13 * gb },
    ],
  });
  const router = await routerOver(backend);
  const served: Json = {};
  for (const taskType of ['simple_chat', 'triage', 'summarize', 'code_generate', 'code_fix', 'agentic_reasoning', 'large_context', 'unknown']) {
    const { body } = await ask(router, openAi, chat({ router: { taskType, mode: 'sync' } }));
    served[taskType] = (body.router as Json | undefined)?.['selectedModel'];
    expect(JSON.stringify(body.router)).not.toContain('nomic');
  }
  expect(served).toMatchObject({ simple_chat: 'llama3.2:3b', triage: 'llama3.2:3b', summarize: 'llama3.2:3b', code_generate: 'qwen-coder:7b', code_fix: 'qwen-coder:7b', agentic_reasoning: 'gpt-oss:20b', large_context: 'gpt-oss:20b' });
});
