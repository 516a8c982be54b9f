/** The executor against real sockets: what it sends, what it gives to read, and how each failure looks. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { backend as ollama } from '../../src/backends/ollama.ts';
import { backend as openai } from '../../src/backends/openai-compatible.ts';
import type { BackendSettings, ByteSource, Executor, Timeouts } from '../../src/backends/backend.ts';
import { createExecutor } from '../../src/backends/http-executor.ts';
import { createProbeClient } from '../../src/backends/probe-client.ts';
import { RouterError } from '../../src/core/errors.ts';
import { systemClock } from '../../src/util/system-clock.ts';
import { startFakeBackend, type FakeBackend, type FakeOptions, type Step } from '../fakes/backend.ts';
import { FakeClock } from '../fakes/clock.ts';

const noLimits: Timeouts = { connectMs: 2000, firstByteMs: 0, idleMs: 0, totalMs: 0 };
const cleanups: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function settingsFor(url: string, more: Partial<BackendSettings> = {}): BackendSettings {
  return { id: 'studio', kind: 'ollama', url, priority: 0, tags: [], models: [], timeouts: noLimits, ...more };
}

function executorFor(url: string, more: Partial<BackendSettings> = {}, clock = systemClock): Executor {
  const executor = createExecutor(settingsFor(url, more), ollama, clock);
  cleanups.push(() => executor.close());
  return executor;
}

async function fakeWith(step: Step = {}, options: FakeOptions = {}): Promise<FakeBackend> {
  const fake = await startFakeBackend(options);
  cleanups.push(() => fake.close());
  fake.script('test-model', step);
  return fake;
}

/** A server that says exactly these bytes to each request. */
async function rawServer(onRequest: (socket: Socket, bytes: Buffer) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => onRequest(socket, bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}

const chatCall = (stream: boolean) => ({ path: '/api/chat', body: JSON.stringify({ model: 'test-model', stream, messages: [{ role: 'user', content: 'hi' }] }), rewrites: [] });
const readOf = async (body: ByteSource): Promise<unknown> => body.read();

const never = new AbortController().signal;

async function readAll(source: ByteSource): Promise<string> {
  const pieces: Uint8Array[] = [];
  for (let chunks = await source.read(); chunks !== null; chunks = await source.read()) pieces.push(...chunks);
  return Buffer.concat(pieces).toString('utf8');
}

async function failureOf(promise: Promise<unknown>): Promise<RouterError> {
  const outcome = await promise.then(() => 'no failure', (thrown: unknown) => thrown);
  expect(outcome).toBeInstanceOf(RouterError);
  return outcome as RouterError;
}

test('an answer comes through whole, with its status and content type', async () => {
  const fake = await fakeWith({ chunks: ['Grü', 'ße ', '🙂'], chunkDelayMs: 0 });
  const answer = await executorFor(fake.url).execute(chatCall(true), never);
  expect(answer.status).toBe(200);
  expect(answer.contentType).toBe('application/x-ndjson');
  const lines = (await readAll(answer.body)).trim().split('\n').map((line) => JSON.parse(line) as { message: { content: string }; done: boolean });
  expect(lines.map((line) => line.message.content).join('')).toBe('Grüße 🙂');
  expect(lines.at(-1)?.done).toBe(true);
  expect(await answer.body.read()).toBeNull();
});

test('only the settings\' headers are sent, and the body byte for byte', async () => {
  const fake = await fakeWith({}, { apiKey: 'secret' });
  const call = { path: '/api/chat', body: '{"model":"test-model", "stream":false,"seed":12345678901234567890}', rewrites: [] };
  await readAll((await executorFor(fake.url, { apiKey: 'secret', headers: { 'X-Team': 'blue', Connection: 'close' } }).execute(call, never)).body);
  const request = fake.requests[0];
  expect(request?.text).toBe(call.body);
  expect(Object.keys(request?.headers ?? {}).sort()).toEqual(['accept', 'authorization', 'connection', 'content-length', 'content-type', 'host', 'x-team']);
  expect(request?.headers).toMatchObject({ authorization: 'Bearer secret', 'x-team': 'blue', connection: 'keep-alive' });
});

test('a path in the url is kept, and credentials in it become basic authorization', async () => {
  const seen: string[] = [];
  const url = await rawServer((socket, bytes) => {
    seen.push(bytes.toString());
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}');
  });
  const answer = await executorFor(`${url.replace('http://', 'http://me:pass@')}/proxy/ollama/`).execute(chatCall(false), never);
  await readAll(answer.body);
  expect(seen[0]).toMatch(/^POST \/proxy\/ollama\/api\/chat HTTP\/1\.1\r\n/);
  expect(seen[0]).toContain(`authorization: Basic ${Buffer.from('me:pass').toString('base64')}\r\n`);
});

test('connections are used again', async () => {
  const fake = await fakeWith();
  const executor = executorFor(fake.url);
  for (let round = 0; round < 20; round += 1) await readAll((await executor.execute(chatCall(false), never)).body);
  expect(fake.received).toBe(20);
  // A connection is free again only a turn of the event loop after its answer, so two take turns.
  expect(fake.connections).toBeLessThanOrEqual(2);
});

test('nobody listens: unreachable, naming the backend and what to check', async () => {
  const fake = await startFakeBackend();
  const { url } = fake;
  await fake.close();
  const error = await failureOf(executorFor(url).execute(chatCall(true), never));
  expect(error.code).toBe('backend_unreachable');
  expect(error.message).toContain('studio');
  expect(error.message).toContain('url');
  expect(error.details.backend).toBe('studio');
  expect(error.retryElsewhere).toBe(true);
  expect(error.cause).toBeInstanceOf(Error);
});

test('a host name that does not exist is unreachable', async () => {
  const error = await failureOf(executorFor('http://no-such-host.invalid:11434').execute(chatCall(true), never));
  expect(error.code).toBe('backend_unreachable');
  expect(error.message).toContain('host name');
});

test('TLS with a server that speaks none is unreachable and says so', async () => {
  const fake = await fakeWith();
  const error = await failureOf(executorFor(fake.url.replace('http:', 'https:')).execute(chatCall(true), never));
  expect(error.code).toBe('backend_unreachable');
  expect(error.message).toContain('securely');
});

test.each([
  ['reset', 'backend_unreachable'],
  ['refuse', 'backend_unreachable'],
  ['garbage', 'backend_protocol'],
] as const)('no answer because of %s is %s, and is not sent again', async (fault, code) => {
  const fake = await fakeWith({ fault });
  const error = await failureOf(executorFor(fake.url).execute(chatCall(true), never));
  expect(error.code).toBe(code);
  expect(error.details.backend).toBe('studio');
  expect(fake.received).toBe(1);
});

test('a stream that breaks off is a failed read after what had arrived', async () => {
  const fake = await fakeWith({ chunks: ['a', 'b', 'c', 'd'], chunkDelayMs: 0, fault: 'cut' });
  const answer = await executorFor(fake.url).execute(chatCall(true), never);
  const first = await answer.body.read();
  expect(first?.length).toBeGreaterThan(0);
  const error = await failureOf(readAll(answer.body));
  expect(error.code).toBe('backend_protocol');
  expect(error.message).toContain('broke off');
});

test.each([
  ['content-length, kept alive', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'],
  ['content-length, to be closed', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 100\r\n\r\nhalf'],
  ['chunked, kept alive', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ['chunked, to be closed', 'HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
])('a body that is shorter than announced never ends cleanly: %s', async (_name, bytes) => {
  const url = await rawServer((socket) => socket.end(bytes));
  const answer = await executorFor(url).execute(chatCall(true), never);
  expect((await failureOf(readAll(answer.body))).code).toBe('backend_protocol');
});

test('a reset while the reader is far behind breaks the read and nothing else', async () => {
  const url = await rawServer((socket) => {
    const chunk = 'x'.repeat(50_000);
    socket.write('HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n');
    for (let count = 0; count < 6; count += 1) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    setTimeout(() => socket.resetAndDestroy(), 100);
  });
  const answer = await executorFor(url).execute(chatCall(true), never);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await failureOf(readAll(answer.body))).code).toBe('backend_protocol');
});

test('a status other than 2xx is read in the server\'s words', async () => {
  const fake = await fakeWith({ status: 400, body: '{"error":"model does not support tools"}' });
  const error = await failureOf(executorFor(fake.url).execute(chatCall(true), never));
  expect(error).toMatchObject({ code: 'backend_rejected', status: 400 });
  expect(error.message).toContain('model does not support tools');
});

test('an endless error answer is read no further than needed', async () => {
  const url = await rawServer((socket) => {
    socket.write('HTTP/1.1 500 Internal Server Error\r\ntransfer-encoding: chunked\r\n\r\n');
    const write = (): void => {
      while (!socket.destroyed && socket.write('1000\r\n'.concat('e'.repeat(4096), '\r\n')));
    };
    socket.on('drain', write);
    write();
  });
  const error = await failureOf(executorFor(url).execute(chatCall(true), never));
  expect(error.code).toBe('backend_failed');
  expect(error.message.length).toBeLessThan(500);
});

test('the server\'s Retry-After is passed on', async () => {
  const fake = await fakeWith({ status: 503, body: '{"error":"server busy"}', headers: { 'retry-after': '7' } });
  expect((await failureOf(executorFor(fake.url).execute(chatCall(true), never))).details).toMatchObject({ status: 503, retryAfterMs: 7000 });
});

test('a caller who leaves closes the connection within 100 ms, before and during the answer', async () => {
  for (const fault of ['hang', 'stall'] as const) {
    const fake = await fakeWith({ fault, chunks: ['a', 'b'] });
    const controller = new AbortController();
    const executing = executorFor(fake.url).execute(chatCall(true), controller.signal);
    await fake.waitForRequests(1);
    let reading: Promise<unknown> = executing;
    if (fault === 'stall') {
      const { body } = await executing;
      await body.read();
      reading = readOf(body);
    }
    const leftAt = performance.now();
    controller.abort();
    expect((await failureOf(reading)).code).toBe('cancelled');
    await fake.waitForAborts(1);
    expect(performance.now() - leftAt).toBeLessThan(100);
  }
});

test('a call whose caller has left already is never sent', async () => {
  const fake = await fakeWith();
  expect((await failureOf(executorFor(fake.url).execute(chatCall(true), AbortSignal.abort()))).code).toBe('cancelled');
  expect(fake.connections).toBe(0);
});

test('a caller who leaves while the call waits for a connection costs no connection', async () => {
  const fake = await fakeWith();
  const release = fake.hold();
  const executor = createExecutor(settingsFor(fake.url), ollama, systemClock, { connections: 1 });
  cleanups.push(() => executor.close());
  const first = executor.execute(chatCall(false), never);
  await fake.waitForRequests(1);
  const controller = new AbortController();
  const second = failureOf(executor.execute(chatCall(false), controller.signal));
  const third = executor.execute(chatCall(false), never);
  controller.abort();
  expect((await second).code).toBe('cancelled');
  release();
  await readAll((await first).body);
  await readAll((await third).body);
  expect(fake.received).toBe(2);
  expect(fake.connections).toBe(1);
});

test('a reader that wants no more closes the connection', async () => {
  const fake = await fakeWith({ fault: 'stall', chunks: ['a', 'b'] });
  const { body } = await executorFor(fake.url).execute(chatCall(true), never);
  await body.read();
  body.cancel?.();
  await fake.waitForAborts(1);
  expect((await failureOf(readOf(body))).code).toBe('cancelled');
});

test('silence before the first byte is a timeout that names its limit', async () => {
  const fake = await fakeWith({ fault: 'hang' });
  const clock = new FakeClock();
  const executing = failureOf(executorFor(fake.url, { timeouts: { ...noLimits, firstByteMs: 300_000, idleMs: 120_000 } }, clock).execute(chatCall(true), never));
  await fake.waitForRequests(1);
  clock.advance(299_999);
  expect(fake.aborts).toBe(0);
  clock.advance(1);
  const error = await executing;
  expect(error.code).toBe('backend_timeout');
  expect(error.message).toContain('300000 ms (firstByteMs)');
  await fake.waitForAborts(1);
});

test('silence between chunks is a timeout, counted from the last chunk', async () => {
  const fake = await fakeWith({ fault: 'stall', chunks: ['a', 'b'] });
  const clock = new FakeClock();
  const { body } = await executorFor(fake.url, { timeouts: { ...noLimits, firstByteMs: 300_000, idleMs: 120_000 } }, clock).execute(chatCall(true), never);
  await body.read();
  const reading = failureOf(readOf(body));
  clock.advance(119_999);
  expect(fake.aborts).toBe(0);
  clock.advance(1);
  expect((await reading).message).toContain('120000 ms (idleMs)');
  await fake.waitForAborts(1);
});

test('a reader that is slow is not the backend\'s silence', async () => {
  const fake = await fakeWith({ fault: 'stall', chunks: ['a', 'b'] });
  const clock = new FakeClock();
  const { body } = await executorFor(fake.url, { timeouts: { ...noLimits, idleMs: 1000 } }, clock).execute(chatCall(true), never);
  await new Promise((resolve) => setTimeout(resolve, 50));
  clock.advance(60_000);
  expect((await body.read())?.length).toBe(1);
});

test('the whole may be limited too', async () => {
  const fake = await fakeWith({ fault: 'stall', chunks: ['a', 'b'] });
  const clock = new FakeClock();
  const { body } = await executorFor(fake.url, { timeouts: { ...noLimits, totalMs: 5000 } }, clock).execute(chatCall(true), never);
  await body.read();
  const reading = failureOf(readOf(body));
  clock.advance(5000);
  expect((await reading).message).toContain('5000 ms (totalMs)');
});

test('a connection that is never accepted is a timeout that names its limit', async () => {
  // TEST-NET-1 is routed nowhere; where the machine refuses it at once, that is an answer too.
  const error = await failureOf(executorFor('http://192.0.2.1:11434', { timeouts: { ...noLimits, connectMs: 200 } }).execute(chatCall(true), never));
  expect(['backend_timeout', 'backend_unreachable']).toContain(error.code);
  if (error.code === 'backend_timeout') expect(error.message).toContain('200 ms (connectMs)');
});

test('an unread answer holds the backend back instead of filling memory', async () => {
  let sent = 0;
  const url = await rawServer((socket) => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    const write = (): void => {
      while (!socket.destroyed && sent < 64 * 1024 * 1024) {
        sent += chunk.length;
        if (!socket.write(chunk)) return;
      }
      socket.end('0\r\n\r\n');
    };
    socket.on('drain', write);
    write();
  });
  const { body } = await executorFor(url).execute(chatCall(true), never);
  await new Promise((resolve) => setTimeout(resolve, 200));
  // What the operating system holds in its own buffers comes on top of the 256 KiB here.
  expect(sent).toBeLessThan(16 * 1024 * 1024);
  let largest = 0;
  let total = 0;
  for (let chunks = await body.read(); chunks !== null; chunks = await body.read()) {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    largest = Math.max(largest, bytes);
    total += bytes;
  }
  expect(largest).toBeLessThanOrEqual(256 * 1024 + 65_536);
  expect(total).toBeGreaterThanOrEqual(64 * 1024 * 1024);
});

test('closing ends what is under way', async () => {
  const fake = await fakeWith({ fault: 'hang' });
  const executor = createExecutor(settingsFor(fake.url), ollama, systemClock);
  const executing = failureOf(executor.execute(chatCall(true), never));
  await fake.waitForRequests(1);
  await executor.close();
  expect((await executing).code).toBe('backend_unreachable');
  await fake.waitForAborts(1);
});

test('a probe over the network: details once, then only lists', async () => {
  const fake = await fakeWith({}, { models: ['a:1b', 'b:7b'] });
  const client = createProbeClient(settingsFor(fake.url), ollama, 3000, never);
  const first = await ollama.probe(client, settingsFor(fake.url), null);
  expect(first.models.map((model) => [model.name, model.capabilities])).toEqual([['a:1b', ['chat']], ['b:7b', ['chat']]]);
  const second = await ollama.probe(client, settingsFor(fake.url), first);
  expect(second.models).toEqual(first.models);
  expect(fake.listings.filter((request) => request.path === '/api/show')).toHaveLength(2);
});

test('a probe that gets no JSON, too much of it, or nothing fails with the reason', async () => {
  const text = await rawServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'));
  const large = await rawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const write = (): void => {
      while (!socket.destroyed && socket.write(' '.repeat(65_536)));
    };
    socket.on('drain', write);
    write();
  });
  const silent = await rawServer(() => {});
  const ask = (url: string) => failureOf(openai.probe(createProbeClient(settingsFor(url), openai, 300, never), settingsFor(url), null));
  expect((await ask(text)).code).toBe('backend_protocol');
  expect((await ask(large)).message).toContain('more than');
  expect((await ask(silent)).message).toContain('300 ms');
});
