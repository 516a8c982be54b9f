/** The router as a process: how it starts, refuses to start, logs, drains and ends. Needs a build. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type FakeBackend, startFakeBackend } from '../fakes/backend.ts';
import { configFile, freePort, newFolder, plainConfig, RouterProcess, runProgram } from '../support/router-process.ts';

let backend: FakeBackend;

afterEach(async () => {
  await backend?.close();
});

const models = [{ name: 'small:1b', sizeGb: 1, purpose: ['simple_chat'] }];
const chat = (more: Record<string, unknown> = {}) => ({ model: 'small:1b', messages: [{ role: 'user', content: 'Hello' }], ...more });
const completions = '/v1/chat/completions';

async function serve(more: Record<string, unknown> = {}): Promise<RouterProcess> {
  backend = await startFakeBackend({ models: ['small:1b'] });
  const folder = newFolder();
  return RouterProcess.serve(configFile(plainConfig(backend.url, folder, { models, ...more }), folder));
}

async function read(response: Response): Promise<string> {
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text;
}

test('serve says where it listens, answers there, and ends with 0 when asked', async () => {
  const router = await serve();
  expect(router.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await read(await router.post(completions, chat()))).toContain('Hello from small:1b.');
  const end = await router.stop();
  expect([end.code, end.stderr]).toEqual([0, '']);
});

test('up tells a person the address, the models and a line to try, which works', async () => {
  backend = await startFakeBackend({ models: ['small:1b'] });
  const home = newFolder();
  const port = await freePort();
  const env = { OLLAMA_HOST: backend.url, OAR_SERVER__PORT: String(port) };
  const router = await RouterProcess.start(['up'], /is ready: (\S+)/, { home, env });
  expect(router.url).toBe(`http://127.0.0.1:${port}`);
  await router.until(/stop with Ctrl-C/);
  expect(router.stdout).toContain('small:1b');
  expect(router.stdout).toContain(`curl ${router.url}${completions}`);
  const body = /-d '(\{.*\})'/.exec(router.stdout)?.[1] ?? '';
  // curl sends a form's content type when it is not told otherwise.
  const response = await fetch(`${router.url}${completions}`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
  // Other servers of this machine may be found beside the stand-in, so any model of theirs may answer.
  expect(response.status).toBe(200);
  expect(await read(response)).toContain('"choices"');
  await router.until(/auto.* → /);
  expect((await router.stop('SIGINT')).code).toBe(0);
});

test.each(['serve', 'up'])('%s keeps its log in a file of the day', async (command) => {
  backend = await startFakeBackend({ models: ['small:1b'] });
  const folder = newFolder();
  const logDir = join(folder, 'logs');
  const config = configFile(plainConfig(backend.url, folder, { models, telemetry: { logDir } }), folder);
  const router = await RouterProcess.start([command, '--config', config], command === 'up' ? /is ready: (\S+)/ : /"url":"([^"]+)"/);
  await read(await router.post(completions, chat()));
  expect((await router.stop()).code).toBe(0);
  const lines = readFileSync(join(logDir, 'oar.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.filter((line) => line.msg === 'request')).toEqual([expect.objectContaining({ level: 'info', model: 'small:1b', outcome: 'succeeded' })]);
});

test('a folder for the log that cannot be written is told, and the router serves', async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'taken'), '');
  const router = await serve({ telemetry: { logDir: join(folder, 'taken', 'logs') } });
  await read(await router.post(completions, chat()));
  const end = await router.stop();
  expect([end.code, end.stderr.trim().split('\n')]).toEqual([0, [expect.stringContaining('telemetry.logDir')]]);
});

test('a port that is taken is told in a sentence, without a stack (AR-D43)', async () => {
  const taken = createServer();
  const port = await new Promise<number>((resolve) => taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port)));
  try {
    const folder = newFolder();
    for (const command of ['serve', 'up']) {
      const end = await runProgram([command, '--config', configFile(plainConfig('http://127.0.0.1:9', folder, { server: { port } }), folder)]);
      expect(end.code, command).toBe(1);
      expect(end.stderr, command).toContain(`127.0.0.1:${port}`);
      expect(end.stdout + end.stderr, command).not.toMatch(/\n\s+at |EADDRINUSE.*\n.*node:/);
    }
  } finally {
    taken.close();
  }
});

test.each([
  ['a file that is not there (AR-D31)', null, /not-there\.yaml/],
  ['an unknown key, with its place and the nearest name (AR-D34)', 'server:\n  port: 0\n  hostt: 127.0.0.1\n', /config\.yaml:3:3\b[\s\S]*hostt[\s\S]*host\b/],
  ['a wrong type, with its place', 'server:\n  port: eleven\n', /config\.yaml:2:9\b[\s\S]*port/],
  ['a size that is none (AR-D43)', 'server:\n  requestBodyLimit: lots\n', /config\.yaml:2:21\b[\s\S]*requestBodyLimit[\s\S]*8mb/],
  ['broken YAML', 'server: [1,\n  port: 0\n', /config\.yaml:\d+:\d+/],
  ['a route to a model that is not configured', 'models: [{name: a}]\nroutes: {simple_chat: [b]}\n', /config\.yaml:2:\d+[\s\S]*\bb\b/],
  ['an access file that is not there and may not be made', 'access: {managedConfigPath: ./a.yaml, bootstrapIfMissing: false}\n', /a\.yaml is missing/],
  ['a range of addresses that is none (AR-D29)', 'access: {admin: {allowedIps: [10.0.0.0/33]}}\n', /10\.0\.0\.0\/33/],
  ['an address that other machines reach (ruling 20)', 'server: {host: 0.0.0.0, port: 0}\n', /0\.0\.0\.0[\s\S]*oar keys create[\s\S]*--lan[\s\S]*allowOpenNetwork/],
])('serve refuses %s', async (_what, yaml, words) => {
  const folder = newFolder();
  const path = yaml === null ? `${folder}/not-there.yaml` : configFile(yaml, folder);
  const end = await runProgram(['serve', '--config', path], { cwd: folder });
  expect(end.code).toBe(1);
  expect(end.stderr).toMatch(words);
  expect(end.stdout).not.toContain('listening');
  expect(end.stderr).not.toMatch(/\n\s+at /);
});

test('SIGTERM lets a running stream end, takes nothing new, and then ends with 0 (AR-D26)', async () => {
  const router = await serve();
  const words = Array.from({ length: 20 }, (_, number) => `word${number} `);
  backend.script('small:1b', { chunks: words, chunkDelayMs: 60 });
  const stream = await router.post(completions, chat({ stream: true }));
  const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = decoder.decode((await reader.read()).value);
  const askedAt = performance.now();
  router.signal('SIGTERM');
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += decoder.decode(part.value);
  expect(text).toContain('word19 ');
  expect(text).toMatch(/data: \[DONE\]\n\n$/);
  expect((await router.ended()).code).toBe(0);
  // The stream takes 1.2 s; the connection that a client keeps open afterwards must not add to it.
  expect(performance.now() - askedAt).toBeLessThan(5000);
});

test('while it drains it is not ready, and says so to whoever asks (AR-D26)', async () => {
  const router = await serve();
  const release = backend.hold();
  const pending = router.post(completions, chat());
  await backend.waitForRequests(1);
  expect((await fetch(`${router.url}/health/ready`)).status).toBe(200);
  router.signal('SIGTERM');
  // A new connection each time, as a load balancer's check makes.
  const statusOf = (path: string): Promise<number | string> => new Promise((resolve) => {
    get(`${router.url}${path}`, { agent: new Agent({ keepAlive: false }) }, (response) => resolve(response.resume().statusCode ?? 0)).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
  });
  await expect.poll(() => statusOf('/health/ready'), { interval: 20 }).toBe(503);
  expect(await statusOf('/health/live')).toBe(200);
  const refused = await router.post(completions, chat());
  expect([refused.status, refused.headers.has('retry-after'), await refused.json()]).toEqual([503, true, { error: expect.objectContaining({ code: 'shutting_down' }) }]);
  release();
  await read(await pending);
  expect((await router.ended()).code).toBe(0);
});

test('a second signal ends it at once', async () => {
  const router = await serve();
  backend.script('small:1b', { fault: 'hang' });
  const pending = router.post(completions, chat()).catch(() => null);
  await backend.waitForRequests(1);
  router.signal('SIGTERM');
  await expect.poll(() => fetch(`${router.url}/health/ready`).then((response) => response.status, () => 'refused')).not.toBe(200);
  const at = performance.now();
  const end = await router.stop('SIGTERM');
  expect(performance.now() - at).toBeLessThan(2000);
  expect(end.code).toBe(130);
  await pending;
});

test('the log is JSON lines with one for each request, without prompts, answers and secrets (AR-D3)', async () => {
  backend = await startFakeBackend({ models: ['small:1b'], apiKey: 'BACKEND-SECRET' });
  const folder = newFolder();
  const config = { server: { port: 0 }, gpu: { provider: 'none' }, models, backends: [{ id: 'main', kind: 'ollama', url: backend.url, apiKey: 'BACKEND-SECRET', headers: { 'x-gate': 'GATE-SECRET' } }], store: { kind: 'sqlite', path: `${folder}/router.db` }, telemetry: { logLevel: 'debug' } };
  const router = await RouterProcess.serve(configFile(config, folder));
  const secrets = { authorization: 'Bearer CALLER-SECRET', 'x-api-key': 'KEY-SECRET', cookie: 'session=COOKIE-SECRET', 'proxy-authorization': 'Basic PROXY-SECRET' };
  const messages = [{ role: 'user', content: 'PROMPT-MARK' }];
  backend.script('small:1b', { text: 'ANSWER-MARK', times: 2 });
  await read(await router.post(completions, chat({ messages }), secrets));
  await read(await router.post('/api/chat', chat({ messages }), secrets));
  backend.script('small:1b', { status: 500, body: '{"error":"it said PROMPT-MARK"}', times: 1 });
  backend.script('small:1b', { fault: 'cut', text: 'ANSWER-MARK ANSWER-MARK', times: 1 });
  backend.script('small:1b', { status: 400, body: '{"error":"it said PROMPT-MARK"}' });
  await (await router.post(completions, chat({ messages }), secrets)).text();
  await (await router.post(completions, chat({ messages, stream: true }), secrets)).text();
  await (await router.post(completions, chat({ messages, router: { mode: 'async' } }), secrets)).text();
  await (await router.post(completions, '{"messages": "PROMPT-MARK', secrets)).text();
  await (await router.post(`/nothing?api_key=QUERY-SECRET`, chat({ messages }), secrets)).text();
  await expect.poll(() => router.lines.filter((line) => line.msg === 'request').length).toBeGreaterThanOrEqual(7);
  const end = await router.stop();
  for (const line of router.lines) expect(line).toMatchObject({ level: expect.stringMatching(/^(debug|info|warn|error)$/), msg: expect.any(String), time: expect.anything() });
  const requests = router.lines.filter((line) => line.msg === 'request');
  expect(requests[0]).toMatchObject({ id: expect.stringMatching(/^req_/), dialect: 'openai-chat', model: 'small:1b', backend: 'main', outcome: 'succeeded', status: 200, queueMs: expect.any(Number), totalMs: expect.any(Number), attempts: 1 });
  expect(requests[1]).toMatchObject({ dialect: 'ollama-chat', outcome: 'succeeded' });
  expect(requests[2]).toMatchObject({ outcome: 'failed', status: 502, error: 'backend_failed' });
  expect(requests[3]).toMatchObject({ outcome: 'interrupted', error: 'stream_interrupted' });
  for (const mark of ['PROMPT-MARK', 'ANSWER-MARK', 'CALLER-SECRET', 'KEY-SECRET', 'COOKIE-SECRET', 'PROXY-SECRET', 'BACKEND-SECRET', 'GATE-SECRET', 'QUERY-SECRET']) {
    expect((end.stdout + end.stderr).includes(mark), mark).toBe(false);
  }
  expect(backend.requests[0]?.headers).not.toHaveProperty('cookie');
  expect(JSON.stringify(backend.requests[0]?.headers)).not.toContain('CALLER-SECRET');
});

test('every address of the old system answers below the base path, and JSON is all it speaks (AR-D37)', async () => {
  const router = await serve({ server: { basePath: '/oar' } });
  expect(router.url).toMatch(/\/oar$/);
  for (const path of ['/health', '/metrics', '/v1/jobs', '/v1/router/status', '/v1/router/capabilities', '/v1/router/runtime', '/v1/router/models', '/v1/router/gpu']) {
    expect((await fetch(`${router.url}${path}`)).status, path).toBe(200);
    expect((await fetch(`${router.url}${path}/`)).status, `${path}/`).toBe(200);
  }
  const missing = await fetch(`${router.url}/v1/nothing`);
  expect([missing.status, missing.headers.get('x-powered-by'), await missing.json()]).toEqual([404, null, { error: expect.objectContaining({ code: 'not_found', message: expect.any(String), request_id: missing.headers.get('x-oar-request-id') }) }]);
  const method = await fetch(`${router.url}${completions}`);
  expect([method.status, method.headers.get('allow')]).toEqual([405, 'POST']);
});
