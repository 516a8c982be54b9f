import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { FakeClock, settled } from '../../test/fakes/clock.ts';
import { parsePolicy, writePolicy } from '../config/managed-policy.ts';
import type { Clock } from '../core/clock.ts';
import { silentLog } from '../telemetry/log.ts';
import { systemClock } from '../util/system-clock.ts';
import { hashOf } from '../util/secret-hash.ts';
import { ManagedFile, type ManagedFileOptions } from './managed-file.ts';
import type { KeyPolicy, ManagedPolicy } from './policy.ts';

const plane = { enabled: true, auth: { requireApiKey: true, anonymous: 'reject' } } as const;
const initial: ManagedPolicy = { version: 1, planes: { standalone: plane, runtimeAgent: plane }, apiKeys: [] };
const key = (id: string): KeyPolicy => ({ id, keyHash: hashOf(id), enabled: true, scopes: ['standalone'], limits: {} });
const adding = (id: string) => (policy: ManagedPolicy): ManagedPolicy => ({ ...policy, apiKeys: [...policy.apiKeys, key(id)] });
const ids = (policy: ManagedPolicy): string[] => policy.apiKeys.map(({ id }) => id);

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oar-access-'));
  path = join(folder, 'access.yaml');
  const used = folder;
  onTestFinished(() => rmSync(used, { recursive: true, force: true }));
});

function open(more: Partial<ManagedFileOptions> = {}): Promise<ManagedFile> {
  return ManagedFile.open({ path, initial, text: { parse: parsePolicy, write: writePolicy }, clock: systemClock, log: silentLog, ...more });
}

/** What is in the file, whoever wrote it. */
const written = (): ManagedPolicy => parsePolicy(readFileSync(path, 'utf8'), path);

function logged() {
  const lines: string[] = [];
  return { lines, log: { ...silentLog, info: (_fields: unknown, message: string) => void lines.push(message), warn: (_fields: unknown, message: string) => void lines.push(message) } };
}

test('a missing file is written, for its owner alone, and nothing is left beside it', async () => {
  const file = await open({ path: join(folder, 'deep', 'access.yaml') });
  expect(file.policy()).toMatchObject(initial);
  expect(readdirSync(join(folder, 'deep'))).toEqual(['access.yaml']);
  expect(statSync(join(folder, 'deep', 'access.yaml')).mode & 0o777).toBe(0o600);
});

test.each([
  ['missing, and not to be made', () => {}, null, /missing.*bootstrapIfMissing/],
  ['broken', () => writeFileSync(path, 'planes: ['), initial, /access\.yaml:1/],
  ['not whole', () => writeFileSync(path, 'apiKeys: []'), initial, /planes is missing/],
])('a file that is %s stops the start and says what to do', async (_what, prepare, first, words) => {
  prepare();
  await expect(open({ initial: first })).rejects.toThrow(words);
});

test('a file that is there wins over what would be written first', async () => {
  writeFileSync(path, writePolicy({ ...initial, version: 7, apiKeys: [key('old')] }));
  expect(ids((await open()).policy())).toEqual(['old']);
});

test('a change is the next version, dated, in the file and in force at once', async () => {
  const clock = new FakeClock(Date.parse('2026-05-01T12:00:00Z'));
  const file = await open({ clock });
  const changed = await file.update(1, adding('a'));
  expect(changed).toMatchObject({ version: 2, updatedAt: '2026-05-01T12:00:00.000Z' });
  expect(file.policy()).toBe(changed);
  expect(written()).toEqual(changed);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('another version than the expected one is a conflict, and nothing changes', async () => {
  const file = await open();
  await file.update(null, adding('a'));
  await expect(file.update(1, adding('b'))).rejects.toMatchObject({ code: 'conflict', message: 'Access config version mismatch: expected 1, current 2' });
  expect(ids(written())).toEqual(['a']);
});

test('a change that throws, or would not be understood again, changes nothing and lets the next one in', async () => {
  const file = await open();
  const before = readFileSync(path, 'utf8');
  await expect(file.update(null, () => { throw new Error('no'); })).rejects.toThrow('no');
  await expect(file.update(null, (policy) => ({ ...policy, apiKeys: [key('a'), key('a')] }))).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(readFileSync(path, 'utf8')).toBe(before);
  expect(readdirSync(folder)).toEqual(['access.yaml']);
  expect((await file.update(null, adding('a'))).version).toBe(2);
});

test('twenty changes at once all land, one version each', async () => {
  const file = await open();
  await Promise.all(Array.from({ length: 20 }, (_, index) => file.update(null, adding(`k${index}`))));
  expect(file.policy().version).toBe(21);
  expect(ids(written()).sort()).toEqual(Array.from({ length: 20 }, (_, index) => `k${index}`).sort());
});

test('two who hold the same file, as two processes do, lose none of each other\'s changes', async () => {
  const [one, other] = await Promise.all([open(), open()]);
  await Promise.all(Array.from({ length: 10 }, (_, index) => [one.update(null, adding(`one${index}`)), other.update(null, adding(`other${index}`))]).flat());
  expect(written()).toMatchObject({ version: 21 });
  expect(ids(written())).toHaveLength(20);
  await expect(one.update(1, adding('late'))).rejects.toMatchObject({ code: 'conflict' });
});

test('an edit by hand is taken over when the file is looked at, and is a version of its own', async () => {
  const clock = new FakeClock();
  const { lines, log } = logged();
  const file = await open({ clock, log });
  file.watch();
  const before = file.policy();
  await clock.advanceAsync(2000);
  await turn(file);
  expect(file.policy()).toBe(before);
  writeFileSync(path, writePolicy({ ...initial, apiKeys: [key('hand')] }));
  await clock.advanceAsync(2000);
  await turn(file);
  expect(ids(file.policy())).toEqual(['hand']);
  expect(file.policy().version).toBe(2);
  expect(lines).toEqual(['access policy is read again']);
  await expect(file.update(1, adding('a'))).rejects.toMatchObject({ code: 'conflict' });
  expect(await file.update(2, adding('a'))).toMatchObject({ version: 3, apiKeys: [{ id: 'hand' }, { id: 'a' }] });
  await file.stop();
});

test('an edit by hand that was not yet looked at is kept by the next change, and told to who expects the version before', async () => {
  const file = await open();
  writeFileSync(path, writePolicy({ ...initial, apiKeys: [key('hand')] }));
  await expect(file.update(1, (policy) => ({ ...policy, apiKeys: [] }))).rejects.toMatchObject({ code: 'conflict' });
  expect(ids(await file.update(null, adding('a')))).toEqual(['hand', 'a']);
});

test('a broken or vanished file leaves the policy as it is and is told once; a mended one holds again', async () => {
  const clock = new FakeClock();
  const { lines, log } = logged();
  writeFileSync(path, writePolicy({ ...initial, apiKeys: [key('a')] }));
  const file = await open({ clock, log });
  file.watch();
  const look = async (): Promise<void> => {
    await clock.advanceAsync(2000);
    await turn(file);
  };
  for (const spoil of [() => writeFileSync(path, 'planes: ['), () => rmSync(path)]) {
    spoil();
    await look();
    await look();
    expect(ids(file.policy())).toEqual(['a']);
  }
  expect(lines).toEqual(Array.from({ length: 2 }, () => 'the access file cannot be used; the policy from before still holds'));
  await expect(file.update(null, adding('b'))).rejects.toMatchObject({ code: 'store_unavailable' });
  writeFileSync(path, writePolicy({ ...initial, apiKeys: [] }));
  await look();
  expect(ids(file.policy())).toEqual([]);
  await file.stop();
  expect(clock.pending).toBe(0);
});

test('the file is not read while it is being changed: what was read before would be taken for newer', async () => {
  const file = await open();
  const order: string[] = [];
  const writing = file.update(null, adding('a')).then(() => order.push('written'));
  const reading = file.reload(true).then(() => order.push('read'));
  await Promise.all([writing, reading]);
  expect(order).toEqual(['written', 'read']);
  expect(ids(file.policy())).toEqual(['a']);
});

test('a lock that somebody left who died is taken after ten seconds, one that is held never', async () => {
  const file = await open();
  writeFileSync(`${path}.lock`, '');
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(`${path}.lock`, longAgo, longAgo);
  expect((await file.update(null, adding('a'))).version).toBe(2);
  expect(readdirSync(folder)).toEqual(['access.yaml']);
  writeFileSync(`${path}.lock`, '');
  let later = 0;
  const impatient: Clock = { now: () => Date.now() + later, after: (_delayMs, run) => systemClock.after(0, () => {
    later += 1000;
    run();
  }) };
  const waiting = await open({ clock: impatient });
  await expect(waiting.update(null, adding('b'))).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('Another process') });
  expect(existsSync(`${path}.lock`)).toBe(true);
});

test('who lost the lock while writing does not write', async () => {
  const file = await open();
  const stolen = file.update(null, (policy) => {
    rmSync(`${path}.lock`);
    writeFileSync(`${path}.lock`, 'of another');
    return adding('a')(policy);
  });
  await expect(stolen).rejects.toMatchObject({ code: 'conflict' });
  expect(ids(written())).toEqual([]);
  expect(readFileSync(`${path}.lock`, 'utf8')).toBe('of another');
});

test('behind a link the file itself is changed', async () => {
  const link = join(folder, 'link.yaml');
  writeFileSync(path, writePolicy(initial));
  symlinkSync(path, link);
  await (await open({ path: link })).update(null, adding('a'));
  expect(ids(written())).toEqual(['a']);
});

test('a folder that cannot be written is told', async () => {
  const file = await open();
  rmSync(folder, { recursive: true });
  await expect(file.update(null, adding('a'))).rejects.toMatchObject({ code: 'store_unavailable' });
});

const root = process.getuid?.() === 0;
if (!root) console.log('left out: what root changes in files of others, for want of root');

test.runIf(root)('what root changes stays readable for the user that it belongs to', async () => {
  const { chownSync } = await import('node:fs');
  chownSync(folder, 4321, 4321);
  const file = await open();
  expect(statSync(path).uid).toBe(4321);
  chownSync(path, 1234, 1234);
  await file.update(null, adding('a'));
  expect([statSync(path).uid, statSync(path).gid]).toEqual([1234, 1234]);
});

/** All reading that has begun is done. */
async function turn(file: ManagedFile): Promise<void> {
  await settled();
  await file.update(-1, (policy) => policy).catch(() => {});
  await settled();
}
