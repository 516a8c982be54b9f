/** The embedded engine's process is kept running, with a stand-in for the engine. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { type ChildSettings, type SupervisedChild, superviseChild } from '../../src/backends/embedded/supervise-child.ts';

/** Twenty times faster than the wall's: pauses are real, since the process is. */
const fastClock: Clock = {
  now: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs / 20);
    return () => clearTimeout(timer);
  },
};

/** Serves its process id as text on the port of its environment. */
const serving = `const server = require('node:http').createServer((q, r) => r.end(String(process.pid))).listen(Number(process.env.PORT), '127.0.0.1', () => { console.log('noise'); console.log(JSON.stringify({ port: server.address().port })); }); process.stdin.on('end', () => process.exit(0)).resume();`;

const running: SupervisedChild[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((child) => child.stop()));
});

interface Trial {
  readonly child: SupervisedChild;
  readonly troubles: readonly string[];
  restarted(): Promise<void>;
}

async function start(source: string, more: Partial<ChildSettings> = {}): Promise<Trial> {
  const troubles: string[] = [];
  const waiting: (() => void)[] = [];
  const child = await superviseChild({
    command: process.execPath,
    args: ['-e', source],
    environment: (port) => ({ PORT: String(port) }),
    readyMs: 200_000,
    clock: fastClock,
    signal: new AbortController().signal,
    onTrouble: (message) => troubles.push(message),
    onRestarted: () => waiting.splice(0).forEach((resolve) => {
      resolve();
    }),
    ...more,
  });
  running.push(child);
  return { child, troubles, restarted: () => new Promise((resolve) => waiting.push(resolve)) };
}

const processAt = async (port: number) => Number(await (await fetch(`http://127.0.0.1:${port}`)).text());

test('killed, it comes back at the same address, as often as it takes', async () => {
  const { child, troubles, restarted } = await start(serving);
  let before = await processAt(child.port);
  for (let round = 1; round <= 2; round += 1) {
    const back = restarted();
    process.kill(before, 'SIGKILL');
    await back;
    const after = await processAt(child.port);
    expect(after).not.toBe(before);
    before = after;
    expect(troubles).toHaveLength(round);
    expect(troubles.at(-1)).toContain('SIGKILL');
  }
});

test('a start that fails is told at once, with the last words, and not tried again', async () => {
  const source = "console.error('error loading model: bad magic'); process.exit(3);";
  await expect(start(source)).rejects.toMatchObject({ code: 'backend_failed', message: expect.stringMatching(/exit code 3.*bad magic/) });
});

test('a program that is not there is told', async () => {
  await expect(start('', { command: '/nowhere/node' })).rejects.toMatchObject({ code: 'backend_failed', message: expect.stringContaining('ENOENT') });
});

test('a start that hangs is ended', async () => {
  await expect(start("console.error('still loading'); setInterval(() => {}, 1000);", { readyMs: 20_000 })).rejects.toMatchObject({ code: 'backend_timeout', message: expect.stringContaining('still loading') });
});

test('an aborted start leaves no process', async () => {
  const abort = new AbortController();
  const source = 'setInterval(() => {}, 1000);';
  setTimeout(() => abort.abort(new Error('enough')), 200);
  await expect(start(source, { signal: abort.signal })).rejects.toThrow('enough');
});

test('stop ends it for good, even when it does not listen', async () => {
  const { child, troubles } = await start(`process.on('SIGTERM', () => {}); ${serving}`);
  const id = await processAt(child.port);
  await child.stop();
  await child.stop();
  expect(() => process.kill(id, 0)).toThrow();
  expect(troubles).toEqual([]);
});

test('a port that was taken in between is tried again until it is free', async () => {
  const { child, troubles, restarted } = await start(`${serving} server.on('error', (error) => { console.error(error.message); process.exit(1); });`);
  const id = await processAt(child.port);
  const squatter = createServer();
  const taken = new Promise<void>((resolve) => {
    squatter.on('listening', resolve).on('error', () => setTimeout(() => squatter.listen(child.port, '127.0.0.1'), 1));
  });
  process.kill(id, 'SIGKILL');
  squatter.listen(child.port, '127.0.0.1');
  await taken;
  expect((squatter.address() as AddressInfo).port).toBe(child.port);
  await expect.poll(() => troubles.length).toBeGreaterThan(1);
  const back = restarted();
  squatter.close();
  await back;
  expect(await processAt(child.port)).not.toBe(id);
});
