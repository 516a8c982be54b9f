import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ask, type Answer, backendsOf, bothDialects, chat, errorIn, expectAtRest, fakeServer, faultsOf, type Json, ollamaChat, ollamaGenerate, openAi, read, routerOver, routerWith } from '../support/flow-bed.ts';
import { model, type TestRouter } from '../support/test-router.ts';

async function start(config: Json = {}) {
  const backend = await fakeServer({ models: ['a:1b'] });
  return { backend, router: await routerOver(backend, config) };
}

/** A refusal in the caller's dialect, with the same request id in head and body. */
function expectRefusal(answer: Answer, status: number, code: string): void {
  const told = errorIn(answer.body);
  expect({ status: answer.status, code: told.code, text: answer.text }).toEqual({ status, code, text: expect.stringContaining('"error"') });
  expect(answer.headers.get('content-type')).toContain('application/json');
  expect(told.requestId).toMatch(/^req_/);
  expect(told.requestId).toBe(answer.headers.get('x-oar-request-id'));
  expect(told.message.length).toBeGreaterThan(10);
}

/** What went wrong before left no trace: the router serves, nothing runs, and it does not take the blame. */
async function expectUnharmed(router: TestRouter): Promise<void> {
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).status).toBe(200);
  await expectAtRest(router);
  expect(faultsOf(router)).toEqual([]);
}

/** Sends bytes as they are, and reads until the other side closes or an answer's head has come. */
function sendRaw(router: TestRouter, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(router.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (piece) => {
      text += piece.toString('latin1');
      if (text.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

test.each(['', ' ', '{', '}', 'nope', '{"model":}', '{"model":"a:1b",}', "{'model':'a:1b'}", '{"model":"a:1b"}{}', '{"a":"\u0001"}', 'null', '[]', '"text"', '1', 'true', '[{"model":"a:1b"}]'])('a body that is no JSON object is 400: %j (AR-D18)', async (body) => {
  const { backend, router } = await start();
  for (const path of [openAi, ollamaChat, ollamaGenerate]) expectRefusal(await ask(router, path, body), 400, 'invalid_request');
  expect(backend.received).toBe(0);
  await expectUnharmed(router);
});

const user = { role: 'user', content: 'Hi' };
const inBoth: readonly (readonly [string, Json])[] = [
  ['model', { model: 5 }],
  ['model', { model: ['a:1b'] }],
  ['messages', { messages: 'Hi' }],
  ['messages[0]', { messages: ['Hi'] }],
  ['messages[1]', { messages: [user, null] }],
  ['messages[0].role', { messages: [{ content: 'Hi' }] }],
  ['messages[0].role', { messages: [{ role: 5, content: 'Hi' }] }],
  ['messages[0].content', { messages: [{ role: 'user', content: 5 }] }],
  ['stream', { stream: 'yes' }],
  ['stream', { stream: 1 }],
  ['tools', { tools: 'x' }],
  ['tools[0]', { tools: [5] }],
  ['keep_alive', { keep_alive: {} }],
  ['router', { router: 5 }],
  ['router', { router: [] }],
  ['router.mode', { router: { mode: 'later' } }],
  ['router.allowAsync', { router: { allowAsync: 'no' } }],
  ['router.taskType', { router: { taskType: 7 } }],
  ['router.priority', { router: { priority: 'urgent' } }],
  ['router.preferredModels', { router: { preferredModels: 'a:1b' } }],
  ['router.preferredModels[1]', { router: { preferredModels: ['a:1b', 1] } }],
  ['router.forbiddenModels[0]', { router: { forbiddenModels: [{}] } }],
  ['router.maxQueueTimeMs', { router: { maxQueueTimeMs: -1 } }],
  ['router.maxQueueTimeMs', { router: { maxQueueTimeMs: 1.5 } }],
  ['router.maxExecutionTimeMs', { router: { maxExecutionTimeMs: 0 } }],
  ['router.requireGpuOnly', { router: { requireGpuOnly: 'yes' } }],
];
const inOpenAi: readonly (readonly [string, Json])[] = [
  ['messages', { messages: [] }],
  ['messages', { messages: null }],
  ['messages', { messages: {} }],
  ['temperature', { temperature: 'hot' }],
  ['max_tokens', { max_tokens: '5' }],
  ['stop[1]', { stop: ['a', 5] }],
  ['stream_options', { stream_options: true }],
  ['response_format', { response_format: 'json' }],
  ['user', { user: 7 }],
  ['messages[0].tool_calls', { messages: [{ role: 'assistant', tool_calls: 'x' }] }],
];
const inOllama: readonly (readonly [string, Json])[] = [
  ['options', { options: 'x' }],
  ['options.temperature', { options: { temperature: 'hot' } }],
  ['options.num_ctx', { options: { num_ctx: '4096' } }],
  ['format', { format: 5 }],
  ['think', { think: 5 }],
  ['messages[0].images', { messages: [{ ...user, images: 'AAAA' }] }],
  ['messages[0].images[0]', { messages: [{ ...user, images: [5] }] }],
];
const wrongTypes = [
  ...bothDialects.flatMap((path) => inBoth.map(([param, body]) => [path, param, body] as const)),
  ...inOpenAi.map(([param, body]) => [openAi, param, body] as const),
  ...inOllama.map(([param, body]) => [ollamaChat, param, body] as const),
  [ollamaGenerate, 'prompt', { prompt: 5 }] as const,
];

test('wrong types are 400 and name the field', async () => {
  const { backend, router } = await start();
  for (const [path, param, fields] of wrongTypes) {
    const answer = await ask(router, path, chat({ model: 'a:1b', ...fields }));
    expect({ fields, status: answer.status, message: errorIn(answer.body).message }).toEqual({ fields, status: 400, message: expect.stringContaining(param) });
    expectRefusal(answer, 400, 'invalid_request');
    if (path === openAi) expect(answer.body.error).toMatchObject({ param, type: 'invalid_request_error' });
  }
  expect(backend.received).toBe(0);
  await expectUnharmed(router);
});

test('null counts as absent, for every field', async () => {
  const { router } = await start();
  const nothing = { stream: null, tools: null, router: null, keep_alive: null, temperature: null, options: null, format: null, user: null, stop: null };
  for (const path of bothDialects) expect((await ask(router, path, chat({ model: 'a:1b', ...nothing }))).status).toBe(200);
});

test('a body over the limit is 413, declared or not, and one at the limit passes (AR-D18)', async () => {
  const { backend, router } = await start({ server: { requestBodyLimit: '10kb' } });
  const empty = JSON.stringify(chat({ model: 'a:1b', pad: '' }));
  const ofSize = (bytes: number) => JSON.stringify(chat({ model: 'a:1b', pad: 'x'.repeat(bytes - empty.length) }));
  for (const path of bothDialects) {
    expect((await ask(router, path, ofSize(10_240))).status).toBe(200);
    expectRefusal(await ask(router, path, ofSize(10_241)), 413, 'payload_too_large');
    expectRefusal(await ask(router, path, ofSize(100_000)), 413, 'payload_too_large');
    const chunked = await new Promise<number>((resolve, reject) => {
      const sending = httpRequest(`${router.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' } }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sending.on('error', reject);
      for (let sent = 0; sent < 20; sent++) sending.write('x'.repeat(1000));
      sending.end();
    });
    expect(chunked).toBe(413);
    // Told before any of it was sent.
    expect(await sendRaw(router, `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 999999999999\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 /);
  }
  expect(backend.received).toBe(2);
  await expectUnharmed(router);
});

test('a body that never ends is cut off', async () => {
  const { router } = await start({ server: { requestBodyLimit: '1kb' } });
  await new Promise<void>((resolve) => {
    const socket = connect(router.port, '127.0.0.1', () => {
      socket.write(`POST ${openAi} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`);
      const more = (): void => {
        if (!socket.destroyed) socket.write(`10000\r\n${'x'.repeat(65_536)}\r\n`, more);
      };
      more();
    });
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => resolve());
  });
  await expectUnharmed(router);
});

test('what is not JSON by its own account is 415, what only fails to say so is read', async () => {
  const { router } = await start();
  const body = JSON.stringify(chat({ model: 'a:1b' }));
  for (const path of bothDialects) {
    expectRefusal(await ask(router, path, body, { 'content-type': 'multipart/form-data; boundary=x' }), 415, 'unsupported_media_type');
    expectRefusal(await ask(router, path, body, { 'content-encoding': 'gzip' }), 415, 'unsupported_media_type');
    const zipped = await fetch(`${router.url}${path}`, { method: 'POST', headers: { 'content-encoding': 'gzip', 'content-type': 'application/json' }, body: gzipSync(body) });
    expect(zipped.status).toBe(415);
    await zipped.text();
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'application/json; charset=utf-8']) {
      expect((await ask(router, path, body, { 'content-type': type })).status).toBe(200);
    }
  }
  await expectUnharmed(router);
});

test('an unknown path is 404 as JSON, in Ollama\'s shape below /api (AR-D37)', async () => {
  const { router } = await start();
  for (const path of ['/v1/nope', '/nope', '/%', '/api/nope', '/api', '/v1/chat/completions/x', '/__proto__', '/v1/../etc/passwd']) {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await read(await fetch(`${router.url}${path}`, { method }));
      expectRefusal(answer, 404, 'not_found');
      expect(typeof answer.body.error).toBe(path.startsWith('/api') ? 'string' : 'object');
      expect(answer.headers.get('x-powered-by')).toBeNull();
    }
  }
  await expectUnharmed(router);
});

test.each([
  ['GET', openAi, 'POST'], ['HEAD', openAi, 'POST'], ['PUT', openAi, 'POST'], ['OPTIONS', openAi, 'POST'],
  ['GET', ollamaChat, 'POST'], ['DELETE', ollamaGenerate, 'POST'],
  ['POST', '/v1/models', 'GET'], ['POST', '/api/tags', 'GET'], ['DELETE', '/health', 'GET'], ['PATCH', '/v1/router/status', 'GET'],
  ['PUT', '/v1/jobs/job_local_x', 'DELETE, GET'], ['POST', '/metrics', 'GET'],
])('%s %s is 405 and says what is allowed', async (method, path, allow) => {
  const { router } = await start();
  const answer = await read(await fetch(`${router.url}${path}`, { method }));
  expect(answer.status).toBe(405);
  const allowed = (answer.headers.get('allow') ?? '').split(', ');
  for (const one of allow.split(', ')) expect(allowed).toContain(one);
  if (method !== 'HEAD') expectRefusal(answer, 405, 'method_not_allowed');
  await expectUnharmed(router);
});

test.each(['/', '/v1/models', '/api/tags', '/api/version', '/health', '/metrics'])('HEAD %s is what GET is, without the body', async (path) => {
  const { router } = await start();
  const get = await read(await router.get(path));
  const head = await read(await fetch(`${router.url}${path}`, { method: 'HEAD' }));
  expect({ status: head.status, text: head.text, type: head.headers.get('content-type') }).toEqual({ status: 200, text: '', type: get.headers.get('content-type') });
  expect(get.text.length).toBeGreaterThan(0);
});

test.each(['/v1/models/%zz', '/v1/models/%', '/v1/jobs/%E0%A4%A', '/v1/jobs/%ff/result'])('a bad escape in %s is 400', async (path) => {
  const { router } = await start();
  expectRefusal(await read(await router.get(path)), 400, 'invalid_request');
  await expectUnharmed(router);
});

test('names that lead elsewhere lead nowhere', async () => {
  const { router } = await start();
  expectRefusal(await read(await router.get('/v1/jobs/..%2f..%2fhealth')), 404, 'job_not_found');
  expectRefusal(await read(await router.get('/v1/models/..%2f..%2fhealth')), 404, 'unknown_model');
  expectRefusal(await read(await router.get('/v1/models/__proto__')), 404, 'unknown_model');
  expectRefusal(await read(await router.get('/v1/jobs/constructor')), 404, 'job_not_found');
  expectRefusal(await read(await router.get('/v1/jobs?limit=many')), 400, 'invalid_request');
});

test.each([openAi, ollamaChat])('%s: names of the language\'s own things are names like any other', async (path) => {
  const { backend, router } = await start({ models: [model('a:1b')], routes: { unknown: ['a:1b'] }, aliases: { mine: 'a:1b' } });
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    expectRefusal(await ask(router, path, chat({ model: name })), 404, 'unknown_model');
    expectRefusal(await ask(router, path, chat({ model: 'a:1b', router: { priority: name } })), 400, 'invalid_request');
    const body = `{"model":"a:1b","stream":false,"${name}":{"polluted":true},"messages":[{"role":"user","content":"Hi","${name}":{"polluted":true}}]}`;
    expect((await ask(router, path, body)).status).toBe(200);
    expect(backend.requests.at(-1)?.text).toBe(body);
    expect((await ask(router, path, chat({ model: 'a:1b', messages: [{ role: name, content: 'Hi' }] }))).status).toBe(200);
    expect((await ask(router, path, chat({ model: 'a:1b' }), { 'x-oar-backend': name })).status).toBe(503);
  }
  expect(({} as Json)['polluted']).toBeUndefined();
  await expectUnharmed(router);
});

test('a model name that no header can carry is an unknown model like any other', async () => {
  const { router } = await start();
  for (const path of bothDialects) {
    for (const name of ['Łódź ☃', 'a\r\nx-evil: 1', '\u0000', '\ud800', 'x'.repeat(200_000)]) {
      const answer = await ask(router, path, chat({ model: name }));
      expectRefusal(answer, 404, 'unknown_model');
      expect(answer.headers.get('x-evil')).toBeNull();
      expect(answer.text.length).toBeLessThan(2000);
    }
  }
  await expectUnharmed(router);
});

const levels = 100_000;
const deepList = '['.repeat(levels) + ']'.repeat(levels);
const deepObject = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

test.each([
  ['an unknown field', (nested: string) => `"x":${nested},"messages":[{"role":"user","content":"Hi"}]`],
  ['the content', (nested: string) => `"messages":[{"role":"user","content":${nested}}]`],
  ['a message\'s own field', (nested: string) => `"messages":[{"role":"user","content":"Hi","x":${nested}}]`],
  ['a tool\'s parameters', (nested: string) => `"messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"x":${nested}}}}]`],
  ['the arguments of a call', (nested: string) => `"messages":[{"role":"assistant","content":"","tool_calls":[{"id":"x","type":"function","function":{"name":"f","arguments":${nested}}}]}]`],
  ['Ollama\'s options', (nested: string) => `"messages":[{"role":"user","content":"Hi"}],"options":{"x":${nested}}`],
  ['the router object', (nested: string) => `"messages":[{"role":"user","content":"Hi"}],"router":{"x":${nested}}`],
])('depth in %s harms nobody', async (_where, body) => {
  const backend = await fakeServer({ models: ['a:1b'] });
  const other = await fakeServer({ software: 'vllm', models: ['b:1b'] });
  const router = await routerWith({ backends: backendsOf({ backend, other }), models: [model('a:1b', { defaultContext: 2048 }), model('b:1b')], routes: {} });
  for (const path of bothDialects) {
    for (const name of ['a:1b', 'b:1b']) {
      for (const nested of [deepList, deepObject]) {
        const answer = await ask(router, path, `{"model":"${name}","stream":false,${body(nested)}}`);
        expect({ path, name, status: answer.status, text: answer.text.slice(0, 200) }).toMatchObject({ status: expect.toSatisfy((status: number) => status === 200 || status === 400) });
      }
    }
  }
  await expectUnharmed(router);
});

test.each(['metadata', 'reasoning', 'text', 'tool_choice', 'truncation', 'x'])('depth in %s, which an answer of the responses API may repeat, harms nobody', async (field) => {
  const { router } = await start();
  for (const nested of [deepList, deepObject]) {
    for (const stream of [false, true]) {
      const answer = await ask(router, '/v1/responses', `{"model":"a:1b","input":"Hi","stream":${stream},"${field}":${nested.startsWith('{') ? nested : `{"x":${nested}}`}}`);
      expect({ status: answer.status, text: answer.text.slice(0, 200) }).toMatchObject({ status: expect.toSatisfy((status: number) => status === 200 || status === 400), text: expect.not.stringContaining('internal') });
    }
  }
  await expectUnharmed(router);
});

test('what is not HTTP, or too much of it, ends that connection alone', async () => {
  const { router } = await start();
  expect(await sendRaw(router, 'SSH-2.0-OpenSSH_9.2\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  expect(await sendRaw(router, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  expect(await sendRaw(router, `POST ${openAi} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}`)).toMatch(/^HTTP\/1\.1 400 /);
  await expectUnharmed(router);
});

test('every answer carries its own request id', async () => {
  const { router } = await start();
  const answers = await Promise.all([ask(router, openAi, chat({ model: 'a:1b' })), ask(router, ollamaChat, 'nope'), read(await router.get('/health')), read(await router.get('/nope'))]);
  const ids = answers.map((answer) => answer.headers.get('x-oar-request-id'));
  expect(new Set(ids).size).toBe(4);
  for (const id of ids) expect(id).toMatch(/^req_\w{16,}$/);
});
