/** The SQLite store as it is shipped: in its own thread, and with other processes after the same file. Needs a build. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Job } from '../../src/core/job.ts';
import type { StoreDriver } from '../../src/store/store.ts';

const dist = process.env['OAR_DIST'] ?? fileURLToPath(new URL('../../dist', import.meta.url));
const module = join(dist, 'store', 'sqlite', 'index.js');

const job: Job = {
  id: 'job_n_1', status: 'queued', taskType: 'unknown', selectedModel: 'm', requestJson: '{}', dialect: 'native', resultJson: null, error: null, attempts: 0,
  priority: 'normal', principalId: 'p', user: 'u', createdAt: 1, startedAt: null, finishedAt: null, notBefore: null, expiresAt: null,
};

const usage = { writer: 'w', number: 1, rows: [{ backend: 'a', model: 'm', at: 60, requests: 1, promptTokens: 2, completionTokens: 3 }] };

let folder = '';
let children: ChildProcess[] = [];

beforeEach(() => {
  if (!existsSync(module)) throw new Error('There is no build; run "npm run build" first.');
  folder = mkdtempSync(join(tmpdir(), 'oar-flow-store-'));
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  rmSync(folder, { recursive: true, force: true });
});

async function driver(): Promise<StoreDriver> {
  return ((await import(pathToFileURL(module).href)) as { driver: StoreDriver }).driver;
}

/** A process that opens the store, writes to each of its parts and says so; `then` is what it does next. */
function otherRouter(path: string, then: string): ChildProcess {
  const code = `
    import { driver } from ${JSON.stringify(pathToFileURL(module).href)};
    const store = await driver.open({ path: ${JSON.stringify(path)} });
    await Promise.all([store.jobs.add(${JSON.stringify(job)}), store.kv.put('key', 'value', null), store.usage.add(${JSON.stringify(usage)})]);
    console.log('added');
    ${then}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

const said = (child: ChildProcess): Promise<void> => new Promise((resolve, reject) => {
  child.stdout?.once('data', () => resolve());
  child.once('exit', () => reject(new Error('The other router ended too early.')));
});
const ended = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => {
  child.once('close', resolve);
});

test('a file in use by another process is refused; kill -9 of that process frees it, with all that was confirmed', async () => {
  const path = join(folder, 'router.db');
  const other = otherRouter(path, '');
  await said(other);
  const { open } = await driver();
  await expect(open({ path })).rejects.toThrow(/in use by another router/);
  const gone = ended(other);
  other.kill('SIGKILL');
  await gone;
  const store = await open({ path });
  try {
    expect(await store.jobs.get(job.id)).toEqual(job);
    expect(await store.kv.get('key')).toBe('value');
    expect(await store.usage.add(usage)).toBe(false);
    expect(await store.usage.totals()).toMatchObject([{ requests: 1, promptTokens: 2, completionTokens: 3 }]);
  } finally {
    await store.close();
  }
});

test('a closed store keeps no process alive, and what was asked before the close is done', async () => {
  const path = join(folder, 'router.db');
  const other = otherRouter(path, 'const started = store.jobs.start("job_n_1", 5); await store.close(); if (!(await started)) process.exitCode = 1;');
  expect(await ended(other)).toBe(0);
  const store = await (await driver()).open({ path });
  try {
    expect(await store.jobs.get(job.id)).toMatchObject({ status: 'running', attempts: 1 });
  } finally {
    await store.close();
  }
});
