/** `oar node` beside a router, both as processes: joining, serving through the relay, draining, and what dies comes back. */
import { afterEach, expect, test } from 'vitest';
import { type FakeBackend, type FakeOptions, startFakeBackend } from '../fakes/backend.ts';
import { bareRouter, chatWith, isAlive, nodeOf, ollamaProgram, servedWithin, startNode } from '../support/node-process.ts';
import { configFile, freePort, newFolder, RouterProcess, runProgram } from '../support/router-process.ts';

const fakes: FakeBackend[] = [];

afterEach(async () => {
  await Promise.all(fakes.splice(0).map((fake) => fake.close()));
});

async function fakeOllama(options: FakeOptions = {}): Promise<FakeBackend> {
  const fake = await startFakeBackend({ models: ['a:1b'], ...options });
  fakes.push(fake);
  return fake;
}

/** Answers at an address of this machine that the router does not ask: only the relay reaches it. */
const hidden = { host: '127.0.0.2' };

test('a node joins within 3 s and serves a chat through its relay, which nobody else may use', async () => {
  const fake = await fakeOllama(hidden);
  const router = await bareRouter();
  const node = await startNode(['--router-url', router.url, '--ollama-host', fake.url]);
  expect(await servedWithin(router, 'a:1b', 10_000)).toBeLessThan(3000);
  const listed = await nodeOf(router, node.url);
  expect(listed).toMatchObject({ status: 'online', draining: false });
  const relay = new URL(listed?.backends[0]?.url ?? '');
  expect([relay.hostname, relay.port === String(fake.port)]).toEqual(['127.0.0.1', false]);
  for (const authorization of ['', 'Bearer wrong']) expect((await fetch(new URL('/api/tags', relay), { headers: { authorization } })).status).toBe(401);
  expect(fake.requests.map(({ headers }) => headers['authorization'])).toEqual([undefined]);
  expect(JSON.stringify(await router.json('/fleet/nodes'))).not.toContain('oar_relay_');
});

test('an Ollama that the router can reach itself is told as it is', async () => {
  const fake = await fakeOllama();
  const router = await bareRouter();
  const node = await startNode(['--router-url', router.url, '--ollama-host', fake.url]);
  await servedWithin(router, 'a:1b', 10_000);
  expect((await nodeOf(router, node.url))?.backends[0]?.url).toBe(fake.url);
});

test('an OLLAMA_HOST that is a router is none of this machine: nothing goes in a circle', async () => {
  const [router, other] = [await bareRouter(), await bareRouter()];
  const node = await startNode(['--router-url', router.url], { env: { OLLAMA_HOST: other.url } });
  await expect.poll(async () => (await nodeOf(router, node.url))?.report?.servers).toMatchObject([{ name: 'ollama', status: 'down', problem: expect.stringContaining('--ollama-host') }]);
  await node.until(/It is a router\./);
  const itself = await startNode(['--router-url', other.url], { env: { OLLAMA_HOST: other.url } });
  await expect.poll(() => itself.stderr).toMatch(/refuses this machine\. .*is this router/);
});

test('the report tells what the machine is', async () => {
  const fake = await fakeOllama();
  const router = await bareRouter();
  const node = await startNode(['--router-url', router.url, '--ollama-host', fake.url, '--node-id', 'rack-3']);
  await servedWithin(router, 'a:1b', 10_000);
  expect(node.url).toBe('rack-3');
  const { report } = (await nodeOf(router, 'rack-3')) ?? {};
  expect(report).toMatchObject({ nodeId: 'rack-3', os: process.platform, arch: process.arch, gpus: expect.any(Array), memory: { pressure: expect.any(String) }, disk: { totalBytes: expect.any(Number) } });
  expect(JSON.stringify(report)).not.toMatch(/null,|NaN/);
});

test('SIGTERM: the router sends no more, a running stream ends whole, then the node ends with 0', async () => {
  const fake = await fakeOllama(hidden);
  const chunks = Array.from({ length: 20 }, (_, index) => `${index} `);
  fake.script('a:1b', { chunks, chunkDelayMs: 60, times: 1 });
  const router = await bareRouter({ router: { holdMs: 100 } });
  const node = await startNode(['--router-url', router.url, '--ollama-host', fake.url]);
  await expect.poll(async () => (await nodeOf(router, node.url))?.backends[0]?.status).toBe('up');
  const stream = await chatWith(router, 'a:1b', { stream: true });
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value ?? '';
  node.signal('SIGTERM');
  await node.until(/Draining: 1 running request/);
  await expect.poll(async () => (await nodeOf(router, node.url))?.draining).toBe(true);
  expect((await chatWith(router, 'a:1b')).status).toBe(503);
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) text += piece.value;
  const words = [...text.matchAll(/^data: (\{.*\})$/gm)].map(([, json = '{}']) => (JSON.parse(json) as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ?? '');
  expect(words.join('')).toBe(chunks.join(''));
  expect(text).toMatch(/data: \[DONE\]/);
  expect((await node.ended()).code).toBe(0);
});

test('a second signal ends at once', async () => {
  const fake = await fakeOllama(hidden);
  const release = fake.hold();
  const router = await bareRouter();
  const node = await startNode(['--router-url', router.url, '--ollama-host', fake.url]);
  await expect.poll(async () => (await nodeOf(router, node.url))?.backends[0]?.status).toBe('up');
  const answer = chatWith(router, 'a:1b');
  await fake.waitForRequests(1);
  node.signal('SIGINT');
  await node.until(/Draining: 1/);
  node.signal('SIGINT');
  expect((await node.ended()).code).toBe(130);
  release();
  expect((await answer).status).toBeGreaterThanOrEqual(500);
});

test('Ollama dies: the machine stays online and its server is down; it returns and is used within 2 s', async () => {
  const fake = await fakeOllama(hidden);
  const router = await bareRouter({ router: { holdMs: 100 } });
  const node = await startNode(['--router-url', router.url, '--ollama-host', fake.url]);
  await servedWithin(router, 'a:1b', 10_000);
  await fake.close();
  await expect.poll(async () => (await nodeOf(router, node.url))?.report?.servers[0]?.status).toBe('down');
  expect((await nodeOf(router, node.url))?.status).toBe('online');
  expect((await chatWith(router, 'a:1b')).status).toBe(503);
  await fakeOllama({ ...hidden, port: fake.port });
  expect(await servedWithin(router, 'a:1b', 10_000)).toBeLessThan(2000);
});

test('a node without Ollama starts, says so, and serves as soon as there is one', async () => {
  const port = await freePort();
  const router = await bareRouter();
  const node = await startNode(['--router-url', router.url, '--ollama-host', `http://127.0.0.1:${port}`]);
  await node.until(/No Ollama answers at .*--start-ollama/);
  await expect.poll(async () => (await nodeOf(router, node.url))?.status).toBe('online');
  await fakeOllama({ port });
  expect(await servedWithin(router, 'a:1b', 10_000)).toBeLessThan(3000);
});

test('a router that is gone for a while is found again, and the node starts without one', async () => {
  const fake = await fakeOllama();
  const server = { port: await freePort() };
  const url = `http://127.0.0.1:${server.port}`;
  const node = await startNode(['--router-url', url, '--ollama-host', fake.url]);
  await node.until(/No router answers at .* yet/);
  const first = await bareRouter({ server, fleet: { heartbeatMs: 500 } });
  await servedWithin(first, 'a:1b', 10_000);
  await first.stop();
  await expect.poll(() => node.stderr).toMatch(/does not answer.*Looking for it/);
  const second = await bareRouter({ server });
  await servedWithin(second, 'a:1b', 10_000);
});

test('without a token it waits, and says what to type; approved, it serves. A wrong token is said at once', async () => {
  const fake = await fakeOllama();
  const token = 'a-token-of-some-length';
  const router = await bareRouter({ router: { holdMs: 100 }, fleet: { enrolToken: token } });
  const wrong = RouterProcess.start(['node', '--join', 'not-the-token', '--router-url', router.url, '--ollama-host', fake.url], /belongs to the fleet/);
  await expect(wrong).rejects.toThrow(/ended with 1[\s\S]*refuses the join token/);
  const node = await startNode(['--router-url', router.url, '--ollama-host', fake.url]);
  const [, id = ''] = await node.until(/oar nodes approve (\S+)/);
  expect(id).toBe(node.url);
  expect((await chatWith(router, 'a:1b')).status).toBeGreaterThanOrEqual(400);
  expect((await router.post(`/fleet/nodes/${id}/approve`, {})).status).toBe(200);
  await servedWithin(router, 'a:1b', 10_000);
  const home = newFolder();
  const joined = await startNode(['--join', token, '--router-url', router.url, '--ollama-host', fake.url], { home });
  await joined.until(/belongs to the fleet/);
  // Once let in, the secret is enough.
  await joined.stop();
  const again = await startNode(['--router-url', router.url, '--ollama-host', fake.url], { home });
  await again.until(/belongs to the fleet/);
  expect(again.url).toBe(joined.url);
});

test('--start-ollama: it is started, started again when it dies, told with its slots, and stopped with the node', async () => {
  const ollama = ollamaProgram();
  const port = await freePort();
  const router = await bareRouter();
  const node = await startNode(['--router-url', router.url, '--start-ollama'], { env: { ...ollama.env, OLLAMA_HOST: `127.0.0.1:${port}`, OLLAMA_NUM_PARALLEL: '3' } });
  await servedWithin(router, 'tiny:1b', 10_000);
  expect(ollama.starts()).toEqual([{ pid: expect.any(Number), args: ['serve'], parallel: '3' }]);
  expect((await nodeOf(router, node.url))?.report?.servers[0]?.maxConcurrent).toBe(3);
  process.kill(ollama.starts()[0]!.pid, 'SIGKILL');
  await expect.poll(() => ollama.starts().length).toBe(2);
  await servedWithin(router, 'tiny:1b', 10_000);
  expect((await node.stop()).code).toBe(0);
  expect(ollama.starts().map(({ pid }) => isAlive(pid))).toEqual([false, false]);
});

test('a configuration that forbids looking for a router is heeded; an unknown log level is named', async () => {
  const config = configFile({ fleet: { discovery: { browse: false } } });
  expect(await runProgram(['node', '--config', config])).toMatchObject({ code: 1, stderr: expect.stringMatching(/fleet\.discovery\.browse is false.*--router-url/) });
  expect(await runProgram(['node', '--log-level', 'loud'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/no log level loud/) });
});
