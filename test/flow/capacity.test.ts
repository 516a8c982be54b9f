/** What an owner leaves of a machine, end to end: orders by hand on the machine and through the router, and where requests go. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type FakeBackend, startFakeBackend } from '../fakes/backend.ts';
import { bareRouter, chatWith, nodeOf, servedWithin, startNode } from '../support/node-process.ts';
import { newFolder, type RouterProcess, runProgram } from '../support/router-process.ts';

const fakes: FakeBackend[] = [];

afterEach(async () => {
  await Promise.all(fakes.splice(0).map((fake) => fake.close()));
});

async function machine(router: RouterProcess, id: string, more: readonly string[] = []) {
  const fake = await startFakeBackend({ models: ['a:1b'] });
  fakes.push(fake);
  const folder = newFolder();
  const node = await startNode(['--router-url', router.url, '--ollama-host', fake.url, '--node-id', id, '--state-dir', folder, ...more], { env: { FLEET_NODE_HEARTBEAT_INTERVAL: '0.5' } });
  return { fake, folder, node };
}

const capacityOf = async (router: RouterProcess, id: string): Promise<unknown> => (await nodeOf(router, id))?.report?.['capacity'];
const patient = { timeout: 10_000, interval: 100 };

test('an owner pauses the machine, every request goes to the other one, and comes back when it is over', async () => {
  const router = await bareRouter({ fleet: { heartbeatMs: 500 } });
  const laptop = await machine(router, 'laptop');
  const desk = await machine(router, 'desk');
  await expect.poll(async () => [await nodeOf(router, 'laptop'), await nodeOf(router, 'desk')].every((node) => node?.backends[0]?.status === 'up'), patient).toBe(true);
  const ordered = await runProgram(['node', 'capacity', 'paused', '--for', '1h', '--state-dir', laptop.folder]);
  expect([ordered.code, ordered.stderr]).toEqual([0, '']);
  expect(ordered.stdout).toContain('for 1h');
  await expect.poll(() => capacityOf(router, 'laptop'), patient).toMatchObject({ mode: 'paused', reason: 'manual_override', overridden: true });
  const before = laptop.fake.received;
  for (let request = 0; request < 6; request += 1) expect((await chatWith(router, 'a:1b')).status).toBe(200);
  expect([laptop.fake.received, desk.fake.received]).toEqual([before, 6]);
  await runProgram(['node', 'capacity', 'auto', '--state-dir', laptop.folder]);
  await expect.poll(() => capacityOf(router, 'laptop'), patient).toBeUndefined();
});

test('the router may set it too, and what it learns is there after a restart', async () => {
  const router = await bareRouter({ fleet: { heartbeatMs: 500 }, router: { holdMs: 100 } });
  const { folder, node } = await machine(router, 'laptop', ['--learn-capacity']);
  await servedWithin(router, 'a:1b', 10_000);
  await expect.poll(() => capacityOf(router, 'laptop'), patient).toMatchObject({ daysObserved: 0, overridden: false, ceilingBytes: expect.any(Number) });
  const told = await router.post('/fleet/nodes/laptop/capacity', { mode: 'paused' });
  expect(told.status).toBe(200);
  await expect.poll(() => capacityOf(router, 'laptop'), patient).toMatchObject({ mode: 'paused', reason: 'manual_override' });
  expect((await chatWith(router, 'a:1b')).status).toBe(503);
  expect(await node.stop()).toMatchObject({ code: 0 });
  expect(existsSync(join(folder, 'capacity-learner.json'))).toBe(true);
  expect(JSON.parse(readFileSync(join(folder, 'capacity-router.json'), 'utf8'))).toEqual({ mode: 'paused', until: null });
});
