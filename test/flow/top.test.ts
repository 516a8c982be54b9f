/** `oar top` against a router: in a pipe it prints the fleet as it is and ends; nobody there, and a missing key, are told. */
import { expect, test } from 'vitest';
import { accessOf, closed, keyEntry, secretOf } from '../support/access-bed.ts';
import { ask, backendsOf, fakeServer, openAi, queued, routerWith, until } from '../support/flow-bed.ts';
import { model } from '../support/test-router.ts';
import { freePort, runProgram } from '../support/router-process.ts';

test('one plain snapshot: what runs, what waits, no control characters of names', async () => {
  const fake = await fakeServer({ models: ['a:1b', 'evil\u001b[2J:1b'] });
  const router = await routerWith({ backends: backendsOf({ east: fake }), models: [model('a:1b', { maxConcurrent: 1 })] });
  await until(() => router.fleet.view().backends.every(({ status }) => status === 'up'));
  await ask(router, openAi, { model: 'evil\u001b[2J:1b', messages: [{ role: 'user', content: 'hi' }] });
  const release = fake.hold();
  const answers = [1, 2].map(() => ask(router, openAi, { model: 'a:1b', messages: [{ role: 'user', content: 'hi' }] }));
  await queued(router, 1);
  const { code, stdout, stderr } = await runProgram(['top', '--url', router.url]);
  release();
  await Promise.all(answers);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^oar \S+ {3}machines 1 of 1 {3}running 1 {3}waiting 1/);
  expect(stdout).toMatch(/a:1b +█ 1\/1 slots/);
  expect(stdout).toMatch(/\nwaiting\n +1 a:1b/);
  expect(stdout).not.toMatch(/\p{Cc}(?<!\n)|undefined/u);
  const json = await runProgram(['top', '--json', '--url', router.url]);
  expect((JSON.parse(json.stdout) as { nodes: unknown[] }).nodes).toHaveLength(1);
});

test('nobody there, and a key that is missing, are failures that say what to do', async () => {
  const nobody = await runProgram(['top', '--url', `http://127.0.0.1:${await freePort()}`]);
  expect([nobody.code, nobody.stdout, nobody.stderr]).toEqual([1, '', expect.stringMatching(/No router answers at .*oar up/)]);
  const locked = await routerWith({ access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('eve', { scopes: ['standalone', 'read'] })]) });
  const keyless = await runProgram(['top', '--url', locked.url]);
  expect([keyless.code, keyless.stdout, keyless.stderr]).toEqual([1, '', expect.stringMatching(/key/i)]);
  expect((await runProgram(['top', '--url', locked.url, '--api-key', secretOf('eve')])).code).toBe(0);
});
