import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { ask, backendsOf, call, type Caller, chat, expectAtRest, fakeServer, faultsOf, handWritten, type Json, ollamaChat, ollamaGenerate, openAi, queued, read, routerOver, routerWith, until } from '../support/flow-bed.ts';
import { model, type TestRouter } from '../support/test-router.ts';

/** The promise is 100 ms; a busy machine gets more. */
const mostMs = 1000;

const oneSlot = { models: [model('a:1b')], routes: { unknown: ['a:1b'] } };

async function start(config: Json = oneSlot) {
  const backend = await fakeServer({ models: ['a:1b'] });
  return { backend, router: await routerOver(backend, config) };
}

/** Leaves, and measures how long it takes until the backend sees its connection closed. */
async function leaveAndMeasure(caller: Caller, backend: FakeBackend, aborts: number): Promise<void> {
  const leftAt = performance.now();
  caller.leave();
  await backend.waitForAborts(aborts);
  expect(performance.now() - leftAt).toBeLessThan(mostMs);
}

/** The slot is back, once: as many run at once as before, and no more. */
async function expectSlotsWhole(router: TestRouter, backend: FakeBackend, slots = 1): Promise<void> {
  await expectAtRest(router);
  await backend.waitForIdle();
  const before = backend.received;
  const release = backend.hold();
  const answers = Array.from({ length: slots + 1 }, () => ask(router, openAi, chat({ model: 'a:1b' })));
  await backend.waitForRequests(before + slots);
  await queued(router, 1);
  expect(backend.running.now).toBe(slots);
  release();
  expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual(Array(slots + 1).fill(200));
  await expectAtRest(router);
  expect(faultsOf(router)).toEqual([]);
}

const ways: readonly (readonly [string, string, Json])[] = [
  ['OpenAI', openAi, chat({ model: 'a:1b' })],
  ['OpenAI, streamed', openAi, chat({ model: 'a:1b', stream: true })],
  ['Ollama', ollamaChat, chat({ model: 'a:1b' })],
  ['Ollama, streamed', ollamaGenerate, { model: 'a:1b', prompt: 'Hello' }],
];

describe.each(ways)('%s', (_name, path, body) => {
  test('a caller that leaves while it waits in line leaves the line, and nothing is sent for it (AR-D10)', async () => {
    const { backend, router } = await start();
    const release = backend.hold();
    const first = ask(router, openAi, chat({ model: 'a:1b' }));
    await backend.waitForRequests(1);
    const waiting = call(router, path, body);
    await queued(router, 1);
    waiting.leave();
    await queued(router, 0);
    expect(router.service.load().totalRunning).toBe(1);
    release();
    expect((await first).status).toBe(200);
    expect(backend.received).toBe(1);
    await expectSlotsWhole(router, backend);
  });

  test('a caller that leaves before the first byte closes the upstream call, and its slot is back once (AR-D10)', async () => {
    const { backend, router } = await start();
    backend.script('a:1b', { fault: 'hang', times: 1 });
    const caller = call(router, path, body);
    await backend.waitForRequests(1);
    await leaveAndMeasure(caller, backend, 1);
    await expectSlotsWhole(router, backend);
    expect(router.lines.filter((line) => line.message === 'request')[0]?.fields).toMatchObject({ outcome: 'cancelled', attempts: 1 });
  });

  test('a caller that leaves in the middle closes the upstream call, and its slot is back once (AR-D10)', async () => {
    const { backend, router } = await start();
    backend.script('a:1b', { chunks: ['one ', 'two ', 'three '], fault: 'stall', times: 1 });
    const caller = call(router, path, body);
    if (path === ollamaGenerate || body.stream === true) {
      const response = await caller.answer;
      await response.body!.getReader().read();
    } else await backend.waitForRequests(1);
    await leaveAndMeasure(caller, backend, 1);
    await expectSlotsWhole(router, backend);
  });

  test('many callers that all leave: every slot is back', async () => {
    const { backend, router } = await start({ models: [model('a:1b', { maxConcurrent: 4 })], routes: {} });
    backend.script('a:1b', { fault: 'hang', times: 4 });
    const callers = Array.from({ length: 10 }, () => call(router, path, body));
    await backend.waitForRequests(4);
    await queued(router, 6);
    // Those in line first, so that none of them takes a slot that another gives back.
    for (const caller of callers.toReversed()) caller.leave();
    await backend.waitForAborts(4);
    await expectSlotsWhole(router, backend, 4);
  });

  test('whoever is next in line starts as soon as the one before leaves', async () => {
    const { backend, router } = await start();
    backend.script('a:1b', { fault: 'hang', times: 1 });
    const caller = call(router, path, body);
    await backend.waitForRequests(1);
    const next = ask(router, path, body);
    await queued(router, 1);
    caller.leave();
    expect((await next).status).toBe(200);
    await expectAtRest(router);
  });

  test('a caller that leaves is not tried for elsewhere', async () => {
    const one = await fakeServer({ models: ['a:1b'] });
    const two = await fakeServer({ models: ['a:1b'] });
    for (const fake of [one, two]) fake.script('a:1b', { fault: 'hang' });
    const router = await routerWith({ backends: backendsOf({ one, two }) });
    const caller = call(router, path, body);
    await until(() => one.received + two.received === 1);
    caller.leave();
    await until(() => one.aborts + two.aborts === 1);
    await expectAtRest(router);
    expect(one.received + two.received).toBe(1);
    expect(router.fleet.view().backends.map((backend) => backend.status)).toEqual(['up', 'up']);
  });
});

test('a caller that leaves while its event stream is kept alive closes the upstream call', async () => {
  const { backend, router } = await start({ ...oneSlot, server: { holdHeadMs: 15 } });
  backend.script('a:1b', { fault: 'hang', times: 1 });
  const caller = call(router, openAi, chat({ model: 'a:1b', stream: true }));
  await (await caller.answer).body!.getReader().read();
  await leaveAndMeasure(caller, backend, 1);
  await expectSlotsWhole(router, backend);
});

test('a caller that leaves while its answer is translated closes the upstream call', async () => {
  const backend = await fakeServer({ software: 'vllm', models: ['a:1b'] });
  const router = await routerWith({ backends: backendsOf({ backend }), ...oneSlot });
  backend.script('a:1b', { chunks: ['one ', 'two '], fault: 'stall', times: 1 });
  const caller = call(router, ollamaChat, chat({ model: 'a:1b', stream: true }));
  await (await caller.answer).body!.getReader().read();
  await leaveAndMeasure(caller, backend, 1);
  await expectSlotsWhole(router, backend);
});

test('a caller that leaves without reading what it asked for frees the backend', async () => {
  const { backend, router } = await start();
  backend.script('a:1b', { chunks: Array.from({ length: 2000 }, () => 'x'.repeat(64_000)), times: 1 });
  const caller = call(router, openAi, chat({ model: 'a:1b', stream: true }));
  await caller.answer;
  expect(backend.running.now).toBe(1);
  await leaveAndMeasure(caller, backend, 1);
  await expectSlotsWhole(router, backend);
});

test('a caller that leaves in the middle of its own request body leaves nothing behind', async () => {
  const { backend, router } = await start();
  const closed = await new Promise<boolean>((resolve) => {
    const socket = connect(router.port, '127.0.0.1', () => {
      socket.write(`POST ${openAi} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"model":`, () => socket.resetAndDestroy());
    });
    socket.on('close', () => resolve(true));
  });
  expect(closed).toBe(true);
  expect(backend.received).toBe(0);
  await expectSlotsWhole(router, backend);
});

test('deleting a job that runs closes its upstream call, and deleting one that waits takes it out of the line (AR-D11)', async () => {
  const { backend, router } = await start();
  backend.script('a:1b', { fault: 'hang', times: 1 });
  const job = chat({ model: 'a:1b', router: { mode: 'async' } });
  const running = await ask(router, openAi, job);
  await backend.waitForRequests(1);
  const waiting = await ask(router, openAi, job);
  await queued(router, 1);
  const remove = async ({ body }: { body: Json }) => read(await fetch(`${router.url}/v1/jobs/${String(body['id'])}`, { method: 'DELETE' }));
  expect((await remove(waiting)).body).toMatchObject({ status: 'cancelled' });
  await queued(router, 0);
  const leftAt = performance.now();
  expect((await remove(running)).body).toMatchObject({ status: 'cancelled' });
  await backend.waitForAborts(1);
  expect(performance.now() - leftAt).toBeLessThan(mostMs);
  expect((await read(await router.get(`/v1/jobs/${String(running.body['id'])}/result`))).status).toBe(410);
  await expectSlotsWhole(router, backend);
  expect(backend.requests.length).toBe(3);
});

const wrongAndOpen: readonly (readonly [string, string])[] = [
  ['an error as its first word', 'data: {"error":{"message":"no memory"}}\n\n'],
  ['an error after the first word', 'data: {"choices":[{"index":0,"delta":{"content":"one"},"finish_reason":null}]}\n\n|data: {"error":{"message":"no memory"}}\n\n'],
  ['what is no JSON, to be translated', 'data: {"choices":[{"index":0,"delta":{"content":"one"},"finish_reason":null}]}\n\n|data: <html>\n\n'],
];

test.each(wrongAndOpen)('a backend that streams %s and goes on is hung up on', async (what, wire) => {
  const open: ServerResponse[] = [];
  const hand = await handWritten((response) => {
    open.push(response.writeHead(200, { 'content-type': 'text/event-stream' }));
    const [first, second] = wire.split('|');
    response.write(first);
    if (second !== undefined) setImmediate(() => response.write(second));
  });
  const router = await routerWith({ backends: [hand] });
  const { text } = await ask(router, what.endsWith('translated') ? ollamaChat : openAi, chat({ model: 'a:1b', stream: true }));
  expect(text).toContain('"error"');
  await expectAtRest(router);
  // The slot is free again, so the backend must not be working for it any more.
  await until(() => open[0]?.destroyed === true);
});
