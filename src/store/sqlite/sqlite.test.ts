import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Job } from '../../core/job.ts';
import type { Store } from '../store.ts';
import { openSqlite } from './database.ts';
import type { Database } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import type { NumberedCall } from './group-commit.ts';
import { driver } from './index.ts';
import { migrate } from './migrations.ts';
import { tablesOf } from './tables.ts';

let folder = '';
let path = '';
let opened: Store[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oar-sqlite-'));
  path = join(folder, 'state', 'router.db');
});

afterEach(async () => {
  for (const store of opened) await store.close();
  opened = [];
  rmSync(folder, { recursive: true, force: true });
});

async function open(): Promise<Store> {
  const store = await driver.open({ path });
  opened.push(store);
  return store;
}

function newJob(id: string, requestJson = '{}'): Job {
  return {
    id, status: 'queued', taskType: 'unknown', selectedModel: 'm', requestJson, dialect: 'openai-chat', resultJson: null, error: null, attempts: 0,
    priority: 'high', principalId: 'p', user: 'u', createdAt: 1_700_000_000_000.5, startedAt: null, finishedAt: null, notBefore: null, expiresAt: null,
  };
}

test('what was confirmed is there after a restart; what ran is queued again with its attempt and the crash counted', async () => {
  const first = await open();
  await first.jobs.add(newJob('waits'));
  await first.jobs.add(newJob('ran'));
  await first.jobs.start('ran', 5);
  await first.jobs.add(newJob('done'));
  await first.jobs.finish('done', { status: 'succeeded', resultJson: '{"a":"ü"}', selectedModel: 'other', finishedAt: 7, expiresAt: 9 });
  await first.close();
  const { jobs } = await open();
  expect(await jobs.recover()).toEqual([{ ...newJob('ran'), attempts: 1, crashes: 1 }, newJob('waits')]);
  expect(await jobs.get('done')).toEqual({ ...newJob('done'), status: 'succeeded', resultJson: '{"a":"ü"}', selectedModel: 'other', finishedAt: 7, expiresAt: 9 });
});

test('what a version without keys and usage has written is kept, and takes both from now on', async () => {
  mkdirSync(join(folder, 'state'));
  const older = openSqlite(path);
  older.exec(readFileSync(new URL('./migrations/0001-jobs.sql', import.meta.url), 'utf8'));
  older.exec("INSERT INTO jobs VALUES (1, 'old', 'queued', 1, 2, 'unknown', 'm', 'openai-chat', NULL, NULL, 0, 0, 'high', 'p', 'u', 1.5, NULL, NULL, NULL, NULL)");
  older.exec("INSERT INTO job_requests VALUES (1, '{}')");
  older.exec('PRAGMA user_version = 1');
  older.close();
  const { jobs, kv, usage } = await open();
  expect(await jobs.get('old')).toEqual({ ...newJob('old'), createdAt: 1.5 });
  await kv.put('key', 'value', null);
  await usage.add({ writer: 'w', number: 1, rows: [{ backend: 'a', model: 'm', at: 60, requests: 1, promptTokens: 2, completionTokens: 3 }] });
  expect(await kv.get('key')).toBe('value');
  expect(await usage.totals()).toEqual([{ backend: 'a', model: 'm', requests: 1, promptTokens: 2, completionTokens: 3 }]);
});

test('keys and usage are there after a restart, and a batch that comes again after it is known', async () => {
  const first = await open();
  await first.kv.put('key', 'ü', 4_000_000_000_000);
  const batch = { writer: 'w', number: 7, rows: [{ backend: 'a', model: 'm', at: 60, requests: 1, promptTokens: 2, completionTokens: 3 }] };
  await first.usage.add(batch);
  await first.close();
  const { kv, usage } = await open();
  expect(await kv.get('key')).toBe('ü');
  expect(await usage.add(batch)).toBe(false);
  expect(await usage.totals()).toMatchObject([{ requests: 1, promptTokens: 2, completionTokens: 3 }]);
});

test('folder and files are private, whatever the umask', async () => {
  await open();
  expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
  for (const name of ['router.db', 'router.db-wal', 'router.db.lock']) expect(statSync(join(folder, 'state', name)).mode & 0o777).toBe(0o600);
});

test('a second router on the same file is refused, and may have it once the first has closed it', async () => {
  const first = await open();
  await expect(driver.open({ path })).rejects.toThrow(`The store ${path} is in use by another router. Stop that one, or give this one its own store.path.`);
  await first.jobs.add(newJob('kept'));
  await first.close();
  expect(await (await open()).jobs.get('kept')).not.toBeNull();
});

test('each way of not being able to open says the path and what to do', async () => {
  await expect(driver.open({})).rejects.toThrow(/set store\.path/);
  writeFileSync(join(folder, 'notes'), 'not a database, and longer than the header of one would have to be: '.repeat(20));
  chmodSync(join(folder, 'notes'), 0o640);
  await expect(driver.open({ path: join(folder, 'notes') })).rejects.toThrow(`${join(folder, 'notes')} is not an SQLite database. Move that file away`);
  await expect(driver.open({ path: join(folder, 'notes', 'router.db') })).rejects.toThrow(/notes\/router\.db cannot be opened: .* writable/);
  expect(statSync(join(folder, 'notes')).mode & 0o777).toBe(0o640);
  mkdirSync(join(folder, 'a-folder'));
  await expect(driver.open({ path: join(folder, 'a-folder') })).rejects.toThrow(/a-folder cannot be opened: .* writable/);
});

test('a file of a newer version is refused and left as it is', async () => {
  await (await open()).close();
  const newer = openSqlite(path);
  newer.exec('PRAGMA user_version = 999');
  newer.close();
  await expect(driver.open({ path })).rejects.toThrow(/written by a newer version of this program \(schema 999, known here: \d+\)\. Upgrade the router/);
});

test('the file shrinks when the texts of old jobs are gone', async () => {
  const { jobs } = await open();
  for (let number = 0; number < 100; number += 1) {
    await jobs.add(newJob(`job${number}`, 'x'.repeat(300_000)));
    await jobs.finish(`job${number}`, { status: 'succeeded', resultJson: '{}', finishedAt: 1, expiresAt: 1_001 });
  }
  const limits = { maxJobs: 1_000, maxBytes: 1e9, rememberMs: 1e9 };
  for (let sweeps = 0; sweeps < 3; sweeps += 1) await jobs.sweep(1_001, limits);
  for (const store of opened) await store.close();
  expect(statSync(path).size).toBeLessThan(200_000);
});

test('on a full disk what does not fit is refused, and its neighbours of the batch are kept', () => {
  const database = openSqlite(':memory:');
  migrate(database);
  const tables = tablesOf(database);
  const commit = new GroupCommit(database, tables);
  database.exec('PRAGMA max_page_count = 40');
  const answers = commit.run([
    { id: 1, call: { part: 'jobs', name: 'add', args: [newJob('small1')] } },
    { id: 2, call: { part: 'jobs', name: 'add', args: [newJob('large', 'x'.repeat(1_000_000))] } },
    { id: 3, call: { part: 'jobs', name: 'add', args: [newJob('small2')] } },
    { id: 4, call: { part: 'jobs', name: 'start', args: ['small1', 5] } },
  ]);
  expect(answers).toEqual([{ id: 1, value: undefined }, expect.objectContaining({ id: 2, code: 'store_unavailable' }), { id: 3, value: undefined }, { id: 4, value: true }]);
  expect(tables.jobs.get('large')).toBeNull();
  expect(tables.jobs.get('small1')?.attempts).toBe(1);
  expect(commit.run([{ id: 5, call: { part: 'jobs', name: 'get', args: ['small2'] } }])).toEqual([{ id: 5, value: newJob('small2') }]);
  database.close();
});

test('a commit that the disk refuses fails nobody whose own change still fits', () => {
  const database = openSqlite(':memory:');
  migrate(database);
  let commits = 0;
  const refusesFirst: Database = {
    prepare: (sql) => database.prepare(sql),
    close: () => database.close(),
    exec(sql) {
      if (sql === 'COMMIT') commits += 1;
      if (sql === 'COMMIT' && commits === 1) throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
      database.exec(sql);
    },
  };
  const commit = new GroupCommit(refusesFirst, tablesOf(refusesFirst));
  const add = (id: number): NumberedCall => ({ id, call: { part: 'jobs', name: 'add', args: [newJob(`job${id}`)] } });
  expect(commit.run([add(1), add(2)])).toEqual([{ id: 1, value: undefined }, { id: 2, value: undefined }]);
  commits = 0;
  expect(commit.run([add(3)])).toEqual([{ id: 3, code: 'store_unavailable', message: 'The store could not be used: disk I/O error.' }]);
  expect(commit.run([add(3)])).toEqual([{ id: 3, value: undefined }]);
  database.close();
});
