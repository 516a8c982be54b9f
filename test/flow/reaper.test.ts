import { expect, test } from 'vitest';
import { ask, backendsOf, chat, expectAtRest, fakeServer, type Json, ollamaChat, openAi, routerWith } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

const limits = { timeouts: { connectMs: 1000, firstByteMs: 3000, idleMs: 700, totalMs: 0 }, maxConcurrent: 2 };

/** By model: how many requests were ended for their backend's silence. */
async function reaped(router: TestRouter): Promise<Json> {
  const text = await (await router.get('/metrics')).text();
  return Object.fromEntries([...text.matchAll(/^oar_reaped_total\{.*model="([^"]+)".*\} (\d+)$/gm)].map((found) => [found[1], Number(found[2])]));
}

test.each([[openAi, /data: \{"error":/], [ollamaChat, /^\{"error":/m]])('FL-D19 %s: a stream that fell silent is ended and counted once, and its slot comes back; live ones go on however long they take', async (path, told) => {
  const fake = await fakeServer({ models: ['live:1b', 'stuck:1b'] });
  const chunks = Array.from({ length: 18 }, (_, at) => `${at} `);
  fake.script('live:1b', { chunks, chunkDelayMs: 60 });
  fake.script('stuck:1b', { text: 'never said', fault: 'stall' });
  const router = await routerWith({ backends: backendsOf({ one: fake }, limits) });
  const live = [ask(router, path, chat({ model: 'live:1b', stream: true })), ask(router, path, chat({ model: 'live:1b', stream: true }))];
  const stuck = await ask(router, path, chat({ model: 'stuck:1b', stream: true }));
  expect(stuck.text).toMatch(told);
  expect(stuck.text).not.toMatch(/\[DONE\]|"done":\s*true/);
  for (const answer of await Promise.all(live)) {
    expect(answer.text).toContain('17 ');
    expect(answer.text).toMatch(/\[DONE\]|"done":\s*true/);
  }
  await expectAtRest(router);
  expect(fake.aborts).toBe(1);
  expect(await reaped(router)).toEqual({ 'stuck:1b': 1 });
  expect(await (await router.get('/fleet/queue')).json()).toMatchObject({ reaped: 1, in_flight: 0, completed: 2, failed: 1 });
  const ended = router.lines.filter((line) => line.message === 'request').map(({ fields }) => [fields['servedModel'] ?? fields['model'], fields['outcome']]);
  expect(ended.map(([, outcome]) => outcome).sort()).toEqual(['interrupted', 'succeeded', 'succeeded']);
  expect(router.lines.filter((line) => line.message.includes('fell silent'))).toHaveLength(1);
});

test('one that never begins is ended as well, and tried elsewhere before its caller hears of it', async () => {
  const [hanging, well] = [await fakeServer({ models: ['a:1b'] }), await fakeServer({ models: ['a:1b'] })];
  hanging.script('a:1b', { fault: 'hang' });
  const [first, second] = backendsOf({ hanging, well }, { ...limits, timeouts: { ...limits.timeouts, firstByteMs: 100 } });
  const router = await routerWith({ backends: [{ ...first, priority: 1 }, second] });
  const answer = await ask(router, openAi, chat({ model: 'a:1b' }));
  expect([answer.status, answer.headers.get('x-oar-backend')]).toEqual([200, 'well']);
  await hanging.waitForAborts(1);
  expect(await reaped(router)).toEqual({ 'a:1b': 1 });
  await expectAtRest(router);
});
