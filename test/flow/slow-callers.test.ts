/** Callers who take their time, or send too much of everything: none of them holds a connection for ever, or costs the others anything. */
import { afterEach, expect, test } from 'vitest';
import { RouterError } from '../../src/core/errors.ts';
import type { ErrorShape, Route } from '../../src/http/http.ts';
import { rules } from '../../src/http/rules.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../src/http/server.ts';
import { systemClock } from '../../src/util/system-clock.ts';
import { FakeClock } from '../fakes/clock.ts';
import { ownFolder, type Wire, wireTo } from '../support/access-bed.ts';
import { ask, bothDialects, fakeServer, faultsOf, ollamaGenerate, openAi, routerOver, until } from '../support/flow-bed.ts';

let server: RunningServer | null = null;
let wires: Wire[] = [];

afterEach(async () => {
  for (const wire of wires) wire.leave();
  wires = [];
  await server?.stop(0);
  server = null;
});

const shape: ErrorShape = (error) => ({ error: { message: error.message, code: error.code } });
const silent = { debug() {}, info() {}, warn() {}, error() {}, flush: () => Promise.resolve() };
let left = 0;

/** One route that reads its body, one that reads none, one that refuses, and two that write more than anybody reads. */
const routes: readonly Route[] = [
  { method: 'POST', path: '/read', rule: rules.infer, handle: async (exchange) => exchange.send(200, { bytes: (await exchange.body()).length }) },
  { method: 'GET', path: '/quick', rule: rules.open, handle: (exchange) => exchange.send(200, 'quick') },
  {
    method: 'POST',
    path: '/refused',
    rule: rules.infer,
    handle() {
      throw new RouterError('unauthenticated', 'No.');
    },
  },
  {
    method: 'GET',
    path: '/stream',
    rule: rules.infer,
    async handle({ reply, signal }) {
      signal.addEventListener('abort', () => (left += 1));
      reply.head(200, {});
      while (!signal.aborted) await (reply.write(Buffer.alloc(65_536)) ?? new Promise((resolve) => setImmediate(resolve)));
    },
  },
  {
    method: 'GET',
    path: '/whole',
    rule: rules.infer,
    handle({ reply, signal }) {
      signal.addEventListener('abort', () => (left += 1));
      reply.head(200, {});
      reply.end(Buffer.alloc(64 * 1024 ** 2));
    },
  },
];

async function serve(options: Partial<ServerOptions> = {}): Promise<(bytes: string) => Wire> {
  left = 0;
  const running = await startServer({ host: '127.0.0.1', port: 0, basePath: '/', bodyLimitBytes: 1000, formLimitBytes: 1000, tls: null, access: null, origins: [], routes, shapes: { ollama: shape, openAi: shape }, clock: systemClock, newRequestId: () => 'req_x', log: silent, ...options });
  server = running;
  return (bytes) => {
    const wire = wireTo(running.port);
    wires.push(wire);
    wire.send(bytes);
    return wire;
  };
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;
const post = (path: string, length: number, body: string): string => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n${body}`;

/** Long enough for what was sent to have arrived, whatever else the machine does: a whole request went there and back after it. */
async function arrived(connect: (bytes: string) => Wire): Promise<void> {
  for (let times = 0; times < 2; times += 1) await connect(get('/quick')).until(/quick/);
}

test.each([
  ['nothing at all', ''],
  ['half of a head', 'POST /read HTTP/1.1\r\nhost: x\r\nx-a: '],
])('who sends %s is cut off', async (_what, bytes) => {
  const connect = await serve({ patience: { headMs: 100, lookMs: 20 } });
  const text = await connect(bytes).closed;
  expect(text === '' || text.startsWith('HTTP/1.1 408 ')).toBe(true);
});

test('a connection that is not used any more is closed', async () => {
  const connect = await serve({ patience: { idleMs: 50 } });
  expect(await connect(get('/quick')).closed).toMatch(/^HTTP\/1\.1 200 [\s\S]*quick/);
});

test('a body that comes too slowly is 408, and the connection ends soon after', async () => {
  const clock = new FakeClock();
  const connect = await serve({ clock });
  const wire = connect(post('/read', 100, 'half'));
  await arrived(connect);
  clock.advance(290_000);
  await arrived(connect);
  expect(wire.text).toBe('');
  clock.advance(20_000);
  expect(await wire.until(/\}\}/)).toMatch(/^HTTP\/1\.1 408 [\s\S]*too long to arrive/);
  clock.advance(50_000);
  await wire.closed;
});

test.each([
  ['that nobody reads', 'GET /quick HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf', 310_000],
  ['of a refused request', post('/refused', 100, 'half'), 50_000],
  ['to an address that is none', post('/nowhere', 100, 'half'), 50_000],
  ['that is too long by its own account', post('/read', 2000, 'half'), 50_000],
])('a body %s does not hold the connection for ever', async (_which, bytes, advanceMs) => {
  const clock = new FakeClock();
  const connect = await serve({ clock });
  const wire = connect(bytes);
  await wire.until(/\r\n\r\n/);
  await arrived(connect);
  clock.advance(advanceMs);
  await wire.closed;
});

test('a refused caller who goes on sending hears why, and is cut off in the end', async () => {
  const connect = await serve();
  const wire = connect('POST /refused HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
  expect(await wire.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 401 /);
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const sending = setInterval(() => wire.send(chunk.repeat(16)), 1);
  await wire.closed;
  clearInterval(sending);
});

test('after a refused body that came to its end the connection serves on', async () => {
  const connect = await serve();
  const wire = connect(`${post('/refused', 4, 'body')}${post('/read', 4, 'body')}`);
  expect(await wire.until(/"bytes":4/)).toMatch(/^HTTP\/1\.1 401 [\s\S]*HTTP\/1\.1 200 /);
});

test.each(['/stream', '/whole'])('%s: who does not read what they asked for is cut off', async (path) => {
  const connect = await serve({ patience: { unreadMs: 100 } });
  const wire = connect('');
  wire.pause();
  wire.send(get(path));
  await until(() => left === 1);
});

test('who reads slowly, but reads, gets everything', async () => {
  const connect = await serve({ patience: { unreadMs: 150 } });
  const wire = connect('');
  wire.pause();
  wire.send(get('/whole'));
  const reading = setInterval(() => {
    wire.resume();
    setTimeout(() => wire.pause(), 5);
  }, 40);
  await until(() => wire.bytes > 64 * 1024 ** 2);
  clearInterval(reading);
  expect(left).toBe(0);
});

test('many headers are fine, too many are 431, and none is dropped in silence', async () => {
  const connect = await serve();
  const headers = (count: number): string => Array.from({ length: count }, (_, index) => `x-${index}: y\r\n`).join('');
  const wire = connect(`GET /quick HTTP/1.1\r\nhost: x\r\n${headers(199)}\r\n`);
  expect(await wire.until(/quick/)).toContain('HTTP/1.1 200 ');
  const refused = connect(`GET /quick HTTP/1.1\r\nhost: x\r\n${headers(200)}\r\n`);
  expect(await refused.until(/\}\}/)).toMatch(/^HTTP\/1\.1 431 [\s\S]*200 headers/);
  expect(await connect(`GET /quick HTTP/1.1\r\nhost: x\r\n${headers(3000)}\r\n`).until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 431 /);
});

test('a connection that a client opened ahead and never used does not hold up a stop', async () => {
  const connect = await serve();
  const unused = connect('');
  await arrived(connect);
  const startedAt = performance.now();
  await server?.stop(20_000);
  server = null;
  expect(performance.now() - startedAt).toBeLessThan(2000);
  await unused.closed;
});

test('a megabyte of brackets costs little and harms nobody, wherever it is sent', { timeout: 60_000 }, async () => {
  const backend = await fakeServer({ models: ['a:1b'] });
  const router = await routerOver(backend, { store: { kind: 'memory', path: `${ownFolder()}/router.db` } });
  const deep = '['.repeat(1_000_000);
  const balanced = `{"model":"a:1b","messages":${'['.repeat(500_000)}${']'.repeat(500_000)}}`;
  const posts = [...new Set(router.routes.filter(({ method }) => method === 'POST').map(({ path }) => path.replace(/:[a-z]+/gi, 'x')))];
  expect(posts).toEqual(expect.arrayContaining([...bothDialects, ollamaGenerate, '/api/pull', '/api/show', '/v1/messages', '/v1/responses']));
  for (const path of posts) {
    for (const body of [deep, balanced]) {
      const startedAt = performance.now();
      const { status } = await ask(router, path, body);
      expect([path, status]).not.toEqual([path, 500]);
      expect(performance.now() - startedAt).toBeLessThan(1500);
    }
  }
  expect((await ask(router, openAi, { model: 'a:1b', messages: [{ role: 'user', content: 'Hi' }] })).status).toBe(200);
  expect(faultsOf(router)).toEqual([]);
});
