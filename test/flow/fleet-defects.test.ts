/** How the old fleet failed under load and on failure (contract fleet part 7): each of these must not happen here. The others are beside what they are about. */
import { expect, test } from 'vitest';
import type { Step } from '../fakes/backend.ts';
import { ask, backendsOf, bothDialects, call, chat, expectAtRest, fakeServer, openAi, queued, routerWith, until } from '../support/flow-bed.ts';

const placements = ['adaptive', 'signals', 'least-busy'];

test.each(placements)('FL-D1, %s: twelve requests where one may run at once run one after the other, and the rest are seen to wait', async (placement) => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ router: { placement }, backends: backendsOf({ one: fake }, { maxConcurrent: 1 }) });
  const release = fake.hold();
  const answers = Array.from({ length: 12 }, (_, index) => ask(router, bothDialects[index % 2] ?? openAi, chat({ model: 'a:1b', stream: index % 3 === 0 })));
  await fake.waitForRequests(1);
  await queued(router, 11);
  release();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(12).fill(200));
  expect(fake.running.peak).toBe(1);
  await expectAtRest(router);
});

test.each(bothDialects)('FL-D2, %s: streams that their callers leave give back their slots at once, and each leaves a trace', async (path) => {
  const fake = await fakeServer({ models: ['a:1b'] });
  fake.script('a:1b', { text: 'never ends', fault: 'stall' });
  const router = await routerWith({ backends: backendsOf({ one: fake }, { maxConcurrent: 3 }) });
  const callers = Array.from({ length: 3 }, () => call(router, path, chat({ model: 'a:1b', stream: true })));
  for (const caller of callers) await caller.answer;
  for (const caller of callers) caller.leave();
  await expectAtRest(router);
  await fake.waitForAborts(3);
  await until(() => router.traces.length === 3);
  expect(router.traces.map(({ outcome, backendId }) => [outcome, backendId])).toEqual(Array(3).fill(['cancelled', 'one']));
});

test.each(placements)('FL-D3, %s: a try that failed leaves nothing behind; headers, counters and trace credit the one that served', async (placement) => {
  const [bad, good] = [await fakeServer({ models: ['a:1b'] }), await fakeServer({ models: ['a:1b'] })];
  bad.script('a:1b', { fault: 'reset' });
  const router = await routerWith({ router: { placement }, backends: backendsOf({ bad, good }) });
  const { status, headers } = await ask(router, openAi, chat({ model: 'a:1b' }));
  expect([status, headers.get('x-fleet-backend'), headers.get('x-fleet-retries')]).toEqual([200, 'good', '1']);
  const [trace] = router.traces;
  expect(trace).toMatchObject({ outcome: 'succeeded', backendId: 'good', attempts: [{ backendId: 'bad', error: expect.any(String) }, { backendId: 'good' }] });
  expect(trace?.attempts[1]).not.toMatchObject({ error: expect.anything() });
  await expectAtRest(router);
});

test('retries end with router.retries, before the first byte alone, and a refusal is never tried again (fleet part 2.4)', async () => {
  const servers = Object.fromEntries(await Promise.all(['a', 'b', 'c', 'd'].map(async (id) => [id, await fakeServer({ models: ['m:1b'] })] as const)));
  const router = await routerWith({ backends: backendsOf(servers), router: { retries: 2, breaker: { failures: 99 } } });
  const received = (): number => Object.values(servers).reduce((sum, fake) => sum + fake.received, 0);
  const script = (step: Step): void => {
    for (const fake of Object.values(servers)) fake.script('m:1b', step);
  };
  script({ status: 500 });
  const failed = await ask(router, openAi, chat({ model: 'm:1b' }));
  expect([failed.status, failed.headers.get('x-fleet-retries'), received()]).toEqual([502, '2', 3]);
  script({ status: 400 });
  const refused = await ask(router, openAi, chat({ model: 'm:1b' }));
  expect([refused.status, refused.headers.get('x-fleet-retries'), received()]).toEqual([400, null, 4]);
  script({ text: 'two words', fault: 'cut' });
  await ask(router, openAi, chat({ model: 'm:1b', stream: true }));
  expect(received()).toBe(5);
  await expectAtRest(router);
});

test('tags of the header stay with a job', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ backends: backendsOf({ one: fake }) });
  const accepted = await ask(router, openAi, chat({ model: 'a:1b', user: 'ada', metadata: { tags: ['app'] }, router: { mode: 'async' } }), { 'x-herd-tags': 'nightly' });
  expect(accepted.status).toBe(202);
  await until(() => router.traces.length === 2);
  for (const trace of router.traces) expect(trace.tags).toEqual(['app', 'nightly', 'user:ada']);
  expect(fake.requests[0]?.body).not.toHaveProperty('metadata');
});
