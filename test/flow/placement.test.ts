/** Which server gets a request, over real sockets: one load of a cold model, exact limits, and all slots back. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import type { FakeModel } from '../fakes/catalogue.ts';
import { ask, backendsOf, bothDialects, call, chat, expectAtRest, fakeServer, faultsOf, type Json, ollamaChat, openAi, queued, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

interface Pair {
  readonly one: FakeBackend;
  readonly two: FakeBackend;
  readonly router: TestRouter;
}

async function pair(config: Json = {}, backend: Json = {}, models: readonly (string | FakeModel)[] = ['a:1b', 'b:1b']): Promise<Pair> {
  const one = await fakeServer({ models });
  const two = await fakeServer({ models });
  return { one, two, router: await routerWith({ backends: backendsOf({ one, two }, backend), ...config }) };
}

const many = (router: TestRouter, count: number, more: Json = {}) => Array.from({ length: count }, (_, index) => ask(router, bothDialects[index % 2] ?? openAi, chat({ model: 'a:1b', ...more })));
const servedBy = (answers: readonly { readonly headers: Headers }[]) => answers.map(({ headers }) => headers.get('x-oar-backend'));
const loaded = ({ one, two }: Pair) => [one, two].filter((fake) => fake.catalogue.resident.has('a:1b')).length;

describe.each(['adaptive', 'least-busy'])('placement %s', (placement) => {
  const config = { router: { placement } };

  test('twelve calls in turn for a cold model load it on exactly one server (proxy part 2.2)', async () => {
    const bed = await pair(config, { maxConcurrent: 12 });
    for (let turn = 0; turn < 12; turn += 1) expect((await ask(bed.router, bothDialects[turn % 2] ?? openAi, chat({ model: 'a:1b' }))).status).toBe(200);
    expect(loaded(bed)).toBe(1);
    expect([bed.one.received, bed.two.received].sort((a, b) => a - b)).toEqual([0, 12]);
  });

  test('twelve calls at once for a cold model load it on exactly one server (proxy part 2.2)', async () => {
    const bed = await pair(config, { maxConcurrent: 12 });
    const releases = [bed.one.hold(), bed.two.hold()];
    const calls = many(bed.router, 12);
    await until(() => bed.one.received + bed.two.received === 12);
    for (const release of releases) release();
    const answers = await Promise.all(calls);
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
    expect(loaded(bed)).toBe(1);
    expect([bed.one.running.peak, bed.two.running.peak].sort((a, b) => a - b)).toEqual([0, 12]);
  });

  test('a model that is in memory is used where it is, and a cold one goes where least runs', async () => {
    const bed = await pair(config, { maxConcurrent: 4 });
    bed.two.catalogue.resident.add('b:1b');
    await until(() => bed.router.fleet.view().backends[1]?.report?.resident?.length === 1);
    const release = bed.two.hold();
    const warm = ask(bed.router, openAi, chat({ model: 'b:1b' }));
    await bed.two.waitForRequests(1);
    expect(servedBy([await ask(bed.router, openAi, chat({ model: 'a:1b' }))])).toEqual(['one']);
    release();
    expect(servedBy([await warm])).toEqual(['two']);
  });
});

test('least-busy: when the server that loads it is full, another one loads it too', async () => {
  const { one, two, router } = await pair({ router: { placement: 'least-busy' } }, { maxConcurrent: 2 });
  const releases = [one.hold(), two.hold()];
  const answers = many(router, 2);
  await one.waitForRequests(2);
  answers.push(...many(router, 1));
  await two.waitForRequests(1);
  for (const release of releases) release();
  expect(servedBy(await Promise.all(answers)).sort()).toEqual(['one', 'one', 'two']);
});

// 30 tokens at the usual 30 a second are a second of waiting; 60 GB at the usual 1.5 GB a second are 40 seconds of loading.
const huge = { name: 'a:1b', sizeBytes: 60e9 };

test('adaptive: a full server that has the model is waited for while loading it elsewhere would take longer', async () => {
  const { one, two, router } = await pair({ router: { holdMs: 120_000 } }, { maxConcurrent: 1 }, [huge]);
  const release = one.hold();
  const answers = many(router, 1, { max_tokens: 30, options: { num_predict: 30 } });
  await one.waitForRequests(1);
  answers.push(ask(router, openAi, chat({ model: 'a:1b', max_tokens: 30 })));
  await queued(router, 1);
  release();
  expect(servedBy(await Promise.all(answers))).toEqual(['one', 'one']);
  expect(two.received).toBe(0);
  await expectAtRest(router);
});

test('adaptive: where a load is quicker than the wait it is loaded elsewhere, and so it is when the patience is over', async () => {
  const quick = await pair({}, { maxConcurrent: 1 });
  const release = quick.one.hold();
  const first = ask(quick.router, openAi, chat({ model: 'a:1b', max_tokens: 3000 }));
  await quick.one.waitForRequests(1);
  expect(servedBy([await ask(quick.router, openAi, chat({ model: 'a:1b' }))])).toEqual(['two']);
  release();
  await first;
  // 300 MB load in 200 ms, and two tokens are said to take less; the server says nothing for longer than that.
  const slow = await pair({}, { maxConcurrent: 1 }, [{ name: 'a:1b', sizeBytes: 300e6 }]);
  const releaseSlow = slow.one.hold();
  const held = ask(slow.router, openAi, chat({ model: 'a:1b', max_tokens: 2 }));
  await slow.one.waitForRequests(1);
  const patient = ask(slow.router, openAi, chat({ model: 'a:1b', max_tokens: 2 }));
  await queued(slow.router, 1);
  const { headers } = await patient;
  expect(headers.get('x-oar-backend')).toBe('two');
  expect(Number(headers.get('x-oar-queue-ms'))).toBeGreaterThanOrEqual(200);
  releaseSlow();
  await held;
});

test('a backend whose file names no limit takes four of a model at once, and no more', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ backends: backendsOf({ fake }) });
  const release = fake.hold();
  const answers = many(router, 9);
  await fake.waitForRequests(4);
  await queued(router, 5);
  release();
  await Promise.all(answers);
  expect(fake.running.peak).toBe(4);
});

/** A number from 0 to 1 that follows from the one before: each run is the same. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('200 requests over two servers that fail at random: no server ever has more than its limit (FL-D1, FL-D3, PX-D4)', async () => {
  const { one, two, router } = await pair({ router: { breaker: { failures: 1000 }, retries: 3 }, queue: { globalMaxQueued: 500 } }, { maxConcurrent: 3 });
  const roll = dice(7);
  // Not those that only a time limit ends: a server may see the next request before it notices that one was given up.
  const faults = [{ fault: 'reset' }, { status: 500 }, { fault: 'cut' }, { fault: 'error-in-stream' }, { fault: 'empty' }, { status: 400 }, { delayMs: 5 }, { chunkDelayMs: 1 }] as const;
  for (let step = 0; step < 120; step += 1) (roll() < 0.5 ? one : two).script('a:1b', { ...faults[Math.floor(roll() * faults.length)], times: 1 });
  const answers = await Promise.all(Array.from({ length: 200 }, () => ask(router, roll() < 0.5 ? openAi : ollamaChat, chat({ model: 'a:1b', stream: roll() < 0.5 })).catch(() => null)));
  expect(answers.filter((answer) => answer?.status === 200).length).toBeGreaterThan(100);
  expect(one.received + two.received).toBeGreaterThanOrEqual(200);
  expect(Math.max(one.running.peak, two.running.peak)).toBe(3);
  await expectAtRest(router);
  expect(faultsOf(router)).toEqual([]);
});

/** A server with the model a:1b that knows its callers by what they say; `open` are those that it has not answered. */
async function knowingServer(answer: () => { readonly afterMs: number; readonly status: number }) {
  const open = new Set<string>();
  const watch = { arrived: (): void => {} };
  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"list","data":[{"id":"a:1b","object":"model"}]}');
    const { messages } = JSON.parse(Buffer.concat(await request.toArray()).toString()) as { messages: readonly { content: string }[] };
    const caller = messages[0]?.content ?? '';
    open.add(caller);
    watch.arrived();
    response.once('close', () => open.delete(caller));
    const { afterMs, status } = answer();
    setTimeout(() => response.writeHead(status, { 'content-type': 'application/json' }).end('{"id":"1","object":"chat.completion","created":1,"model":"a:1b","choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}]}'), afterMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { open, watch, entry: { id: 'knowing', kind: 'openai', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, maxConcurrent: 3 } };
}

const saying = (content: string, more: Json = {}): Json => ({ model: 'a:1b', stream: false, messages: [{ role: 'user', content }], ...more });

test('200 requests of which many are left or fail at random: never more at once than the limit, and all slots come back (FL-D2, PX-D4)', async () => {
  const roll = dice(11);
  const { open, watch, entry } = await knowingServer(() => ({ afterMs: Math.floor(roll() * 8), status: roll() < 0.1 ? 500 : 200 }));
  const router = await routerWith({ backends: [entry], queue: { globalMaxQueued: 500 }, router: { breaker: { failures: 1000 } } });
  // The server learns of a caller who left a moment after the router does.
  const left = new Set<string>();
  let peak = 0;
  watch.arrived = () => (peak = Math.max(peak, [...open].filter((caller) => !left.has(caller)).length));
  const statuses = await Promise.all(
    Array.from({ length: 200 }, (_, index) => {
      const name = `caller ${index}`;
      const caller = call(router, roll() < 0.5 ? openAi : ollamaChat, saying(name, { stream: roll() < 0.3 }));
      const leave = (): void => {
        left.add(name);
        caller.leave();
      };
      if (roll() < 0.5) setTimeout(leave, Math.floor(roll() * 150));
      return caller.answer.then((answer) => answer.text().then(() => answer.status)).catch(() => 0);
    }),
  );
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(50);
  expect(statuses.filter((status) => status === 0).length).toBeGreaterThan(20);
  expect(peak).toBe(3);
  await expectAtRest(router);
  const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => ask(router, openAi, saying(`again ${index}`))));
  expect(answers.every(({ status }) => status === 200 || status === 502)).toBe(true);
  expect(faultsOf(router)).toEqual([]);
});
