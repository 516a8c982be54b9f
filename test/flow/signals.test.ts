/** Placement by the seven signals over real sockets: machines report themselves, headers and traces tell the points. */
import { expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { ask, bothDialects, chat, errorIn, expectAtRest, fakeServer, type Json, openAi, queued, routerWith, until } from '../support/flow-bed.ts';
import { heartbeat, oldBody } from '../support/scripted-node.ts';
import type { TestRouter } from '../support/test-router.ts';

const gb = 2 ** 30;
const models = [{ name: 'llama3:8b', sizeBytes: 5 * gb }, { name: 'other:8b', sizeBytes: 5 * gb }];

interface Bed {
  readonly a: FakeBackend;
  readonly b: FakeBackend;
  readonly router: TestRouter;
  /** Says of a machine what it is like now. */
  report(id: 'A' | 'B', memory?: Json, more?: Json): Promise<void>;
}

/** Two machines of 64 GB with the same models on disk, of which those in `hot` are in A's memory. */
async function bed(config: Json = {}, hot: readonly string[] = ['llama3:8b']): Promise<Bed> {
  const [a, b] = [await fakeServer({ models }), await fakeServer({ models })];
  for (const name of hot) a.catalogue.resident.add(name);
  const router = await routerWith({ backends: [], ...config, router: { placement: 'signals', ...(config['router'] as Json | undefined) } });
  const report = async (id: 'A' | 'B', memory: Json = {}, more: Json = {}): Promise<void> => {
    const usual = { total_gb: 64, used_gb: 24, available_gb: 40, pressure: 'normal' };
    const ollama = { models_loaded: [], models_available: models.map(({ name }) => name), requests_active: 0 };
    const answer = await heartbeat(router, oldBody(id, (id === 'A' ? a : b).url, [], { memory: { ...usual, ...memory }, ollama, ...more }));
    expect(answer.status).toBe(200);
  };
  await report('A');
  await report('B');
  // Both were asked themselves: what is in memory has its context, and all have their sizes.
  await until(() => router.fleet.view().backends.length === 2 && router.fleet.view().backends.every((one) => one.report?.models[0]?.sizeBytes !== undefined));
  await until(() => (router.fleet.view().backends[0]?.report?.resident ?? []).filter((one) => one.contextLength !== undefined).length === hot.length);
  return { a, b, router, report };
}

const asked = (router: TestRouter, more: Json = {}) => ask(router, openAi, chat({ model: 'llama3:8b', ...more }));
const placed = (headers: Headers) => [headers.get('x-fleet-node'), headers.get('x-fleet-score')];

test.each(bothDialects)('%s, whole and streamed: the hot machine serves with 93 points, and the trace tells every candidate (fleet part 2.2)', async (path) => {
  const { router } = await bed();
  for (const stream of [false, true]) {
    const { status, headers } = await ask(router, path, chat({ model: 'llama3:8b', stream }));
    expect([status, ...placed(headers)]).toEqual([200, 'A', '93']);
  }
  const [trace] = router.traces;
  expect(trace).toMatchObject({ nodeId: 'A', score: 93, attempts: [{ nodeId: 'A', considered: [{ nodeId: 'A', total: 93 }, { nodeId: 'B', total: 38 }] }] });
  expect(Object.fromEntries(trace?.attempts[0]?.why.map(({ signal, value }) => [signal, value]) ?? [])).toMatchObject({ thermal: 50, 'memory-fit': 20, 'role-affinity': 8, 'context-fit': 15 });
});

test('a machine without memory to spare is out of the question, though the model is loaded there (fleet part 2.1)', async () => {
  const { router, report } = await bed();
  await report('A', { pressure: 'critical', available_gb: 1, used_gb: 63 });
  const { headers } = await asked(router);
  expect(placed(headers)).toEqual(['B', '38']);
  expect(router.traces[0]?.attempts[0]?.considered).toContainEqual(expect.objectContaining({ nodeId: 'A', veto: 'its memory is all but used up' }));
});

test('requests of other models on a machine count as its work', async () => {
  const { a, router } = await bed({}, ['llama3:8b', 'other:8b']);
  const release = a.hold();
  const others = Array.from({ length: 4 }, () => asked(router, { model: 'other:8b' }));
  await a.waitForRequests(4);
  // 93, less 6 for each of the four; the fifth place of the model itself is free.
  const fifth = asked(router);
  await a.waitForRequests(5);
  release();
  const [node, score] = placed((await fifth).headers);
  expect(node).toBe('A');
  // And two points for the time that 100 tokens take at 20 a second, four times.
  expect(score).toBe(String(Math.round(93 - 24 - (4 * 5000) / 10_000)));
  await Promise.all(others);
  await expectAtRest(router);
});

test('when no machine can take it the request is held, and starts when one can', async () => {
  const { router, report } = await bed();
  for (const id of ['A', 'B'] as const) await report(id, { pressure: 'critical', available_gb: 1 });
  const held = asked(router);
  await queued(router, 1);
  await report('B');
  const { status, headers } = await held;
  expect([status, ...placed(headers)]).toEqual([200, 'B', '38']);
  expect(Number(headers.get('x-oar-queue-ms'))).toBeGreaterThan(0);
});

test('a held request starts soon after there is room, though nothing else happens', async () => {
  const { router, report } = await bed({}, []);
  for (const id of ['A', 'B'] as const) await report(id, { available_gb: 4, used_gb: 60 });
  const held = asked(router);
  await queued(router, 1);
  await report('B', { available_gb: 40 });
  expect(placed((await held).headers)).toEqual(['B', '38']);
});

test('held for as long as router.holdMs says, then 503', async () => {
  const { router, report } = await bed({ router: { holdMs: 300 } });
  for (const id of ['A', 'B'] as const) await report(id, { pressure: 'critical', available_gb: 1 });
  const { status, headers, body } = await asked(router);
  expect([status, errorIn(body).code]).toEqual([503, 'queue_timeout']);
  expect(headers.get('retry-after')).not.toBeNull();
  await expectAtRest(router);
});

test('a model that fits nowhere is not loaded; one whose size nobody knows may be', async () => {
  const { router, report } = await bed({ router: { holdMs: 300 } }, []);
  for (const id of ['A', 'B'] as const) await report(id, { available_gb: 4, used_gb: 60 });
  expect((await asked(router)).status).toBe(503);
  await report('B', { available_gb: 5.5, used_gb: 58.5 });
  expect(placed((await asked(router)).headers)).toEqual(['B', '21']);
});
