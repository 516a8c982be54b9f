/** Tens of thousands of requests that nobody sane would send, to every route: no 500, no crash, nothing logged as the router's own fault, memory flat. */
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { errorCatalogue, RouterError } from '../../src/core/errors.ts';
import type { Route } from '../../src/http/http.ts';
import { accessOf, keyEntry, ownFolder, secretOf, toldIn } from '../support/access-bed.ts';
import { ask, chat, expectAtRest, fakeServer, type Json, objectIn, openAi, routerWith, until } from '../support/flow-bed.ts';
import { type FuzzRequest, Fuzzer } from '../support/fuzz-requests.ts';
import { type NoAnswer, type RawAnswer, RawConnection } from '../support/raw-answers.ts';
import type { LogLine, TestRouter } from '../support/test-router.ts';

const total = process.env['OAR_TEST_LONG'] === 'full' ? 300_000 : 24_000;
const seed = Number(process.env['OAR_FUZZ_SEED'] ?? 20_261_121);
const timeLimitMs = total * 20;
const callers = 12;
const patienceMs = 15_000;
const halfPatienceMs = 30;
const strangePatienceMs = 300;
/** What the heap may grow by between a warm router and the end: caches fill, code is compiled. */
const slackMb = 10;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function heapMb(): Promise<number> {
  // Twice, with a pause for what ends only after its last request.
  for (let times = 0; times < 2; times += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage().heapUsed / 1024 ** 2;
}

async function start(): Promise<TestRouter> {
  const backend = await fakeServer({ models: ['a:1b', 'b:1b'], record: false });
  const keys = [keyEntry('all', { scopes: ['standalone', 'runtimeAgent', 'read', 'manage'] }), keyEntry('some', { models: ['a*'], maxPriority: 'low' })];
  const router = await routerWith({
    backends: [{ id: 'one', kind: 'ollama', url: backend.url }],
    access: accessOf({ standalone: {}, runtimeAgent: {} }, keys),
    router: { holdMs: 100, retries: 0 },
    jobs: { maxRetainedJobs: 100, resultTtlSeconds: 60 },
    responses: { maxStored: 50 },
    server: { requestBodyLimit: '256kb' },
    store: { kind: 'sqlite', path: join(ownFolder(), 'router.db') },
  });
  await until(() => router.fleet.view().backends.some(({ status }) => status === 'up'));
  return router;
}

/** The outline of an error in the words of an API: which members it has, and how deep. */
function outline(body: Json): string {
  const { error } = body;
  return typeof error === 'string' ? 'error is text' : typeof error === 'object' && error !== null ? `error is an object${'type' in body ? ', with a type beside it' : ''}` : 'no error';
}

const sample = new RouterError('invalid_request', 'x');

/** Null: it is as it should be. */
function whatIsWrong(request: FuzzRequest, answer: RawAnswer | NoAnswer, routes: readonly Route[]): string | null {
  if (answer === 'stream') return null;
  if (answer === 'silence' || answer === 'closed') return request.half || !request.proper ? null : `${answer}, without an answer`;
  const { status, headers, text } = answer;
  // By contract the result of a job that failed.
  if (status === 500 && !request.route.path.endsWith('/result')) return `500: ${text.slice(0, 300)}`;
  if (status < 400 || request.method === 'HEAD') return null;
  const code = headers['x-oar-error'];
  if (code !== undefined) return whatIsBadlyTold(request, answer, code, routes);
  if (headers['x-oar-request-id'] === undefined) return request.proper && ![400, 417, 431].includes(status) ? `the parser answered ${status}` : null;
  const ofBackend = headers['x-oar-backend'] !== undefined;
  return ofBackend || request.route.path.startsWith('/health') ? null : `${status} without a code: ${text.slice(0, 200)}`;
}

function whatIsBadlyTold(request: FuzzRequest, { headers, text }: RawAnswer, code: string, routes: readonly Route[]): string | null {
  if (!(code in errorCatalogue)) return `an unknown code ${code}`;
  const told = toldIn(text);
  if (told.code !== code || typeof told.message !== 'string' || told.message === '' || told.requestId !== headers['x-oar-request-id']) return `told badly: ${text.slice(0, 300)}`;
  const matched = !request.astray && code !== 'not_found' && code !== 'method_not_allowed' && request.method === request.route.method;
  // Another API may have the same address, for callers that send its header.
  const shapes = routes.filter(({ method, path }) => method === request.route.method && path === request.route.path).flatMap(({ errorShape }) => errorShape ?? []);
  if (matched && shapes.length > 0 && !shapes.some((shape) => outline(shape(sample, 'x') as Json) === outline(objectIn(text)))) return `told in another API's words: ${text.slice(0, 300)}`;
  return null;
}

interface Tally {
  readonly statuses: Map<number | NoAnswer, number>;
  readonly perRoute: Map<Route, number>;
  readonly wrong: string[];
}

async function hammer(router: TestRouter, fuzzer: Fuzzer, count: number, tally: Tally): Promise<void> {
  let left = count;
  const caller = async (): Promise<void> => {
    const connection = new RawConnection(router.port);
    while (left > 0 && tally.wrong.length < 10) {
      left -= 1;
      const request = fuzzer.next();
      const answer = await connection.ask(request.bytes, request.method, request.half ? halfPatienceMs : request.proper ? patienceMs : strangePatienceMs);
      // Whatever comes after half a request would be read as its other half.
      if (request.half || !request.proper) connection.leave();
      const key = typeof answer === 'string' ? answer : answer.status;
      tally.statuses.set(key, (tally.statuses.get(key) ?? 0) + 1);
      tally.perRoute.set(request.route, (tally.perRoute.get(request.route) ?? 0) + 1);
      const wrong = whatIsWrong(request, answer, router.routes);
      if (wrong !== null) tally.wrong.push(`${wrong} to ${JSON.stringify(request.bytes.toString('latin1').slice(0, 1500))}`);
    }
    connection.leave();
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

/** Takes the lines away, so that they are no growth of the router's; gives back those that say it failed. */
function faultsTaken(router: TestRouter): LogLine[] {
  return (router.lines as LogLine[]).splice(0).filter((line) => line.level === 'error');
}

test(`${total} requests from seed ${seed}: refused in the caller's words or answered, and nothing is left of them`, async () => {
  const unhandled: unknown[] = [];
  const note = (thrown: unknown): void => void unhandled.push(thrown);
  process.on('unhandledRejection', note);
  process.on('uncaughtExceptionMonitor', note);
  const router = await start();
  const fuzzer = new Fuzzer(seed, router.routes, [`authorization: Bearer ${secretOf('all')}`, `authorization: Bearer ${secretOf('all')}`, `x-api-key: ${secretOf('some')}`, `authorization: Bearer ${secretOf('admin')}`]);
  const tally: Tally = { statuses: new Map(), perRoute: new Map(), wrong: [] };
  const faults: LogLine[] = [];
  const memory: number[] = [];
  const parts = 8;
  for (let part = 0; part < parts && tally.wrong.length === 0; part += 1) {
    await hammer(router, fuzzer, total / parts, tally);
    faults.push(...faultsTaken(router));
    memory.push(await heapMb());
  }
  process.off('unhandledRejection', note);
  process.off('uncaughtExceptionMonitor', note);
  console.log(`fuzz, seed ${seed}: ${[...tally.statuses].sort((a, b) => b[1] - a[1]).map(([status, count]) => `${status} × ${count}`).join(', ')}; heap in MiB ${memory.map(Math.round).join(' ')}`);
  expect(tally.wrong).toEqual([]);
  expect([unhandled, faults]).toEqual([[], []]);
  expect(Math.min(...router.routes.map((route) => tally.perRoute.get(route) ?? 0))).toBeGreaterThan(total / router.routes.length / 3);
  expect(({} as Json)['polluted']).toBeUndefined();
  expect(Math.min(...memory.slice(-2))).toBeLessThan(Math.max(...memory.slice(1, 3)) + slackMb);
  // Some of it got through: the handlers were reached, not only the door.
  expect(tally.statuses.get(200) ?? 0).toBeGreaterThan(total / 20);
  await expectAtRest(router);
  expect((await ask(router, openAi, chat({ model: 'a:1b' }), { authorization: `Bearer ${secretOf('all')}` })).status).toBe(200);
}, timeLimitMs);
