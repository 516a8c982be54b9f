import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cardsWithoutDriver, portOwner, whyNoSqlite, whyNotWritable } from './doctor-looks.ts';

const folder = mkdtempSync(join(tmpdir(), 'oar-doctor-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a folder may be missing, but not a file, nor below one; nothing is made', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(await whyNotWritable(folder)).toBeNull();
  expect(await whyNotWritable(join(folder, 'a', 'b'))).toBeNull();
  expect(existsSync(join(folder, 'a'))).toBe(false);
  expect(await whyNotWritable(file)).toMatch(/is a file/);
  expect(await whyNotWritable(join(file, 'below'))).toMatch(/is a file/);
});

test.skipIf(process.getuid?.() === 0)('a folder that is locked is told', async () => {
  const locked = join(folder, 'locked');
  mkdirSync(locked);
  chmodSync(locked, 0o500);
  expect(await whyNotWritable(join(locked, 'new'))).toMatch(/may not be written by you \(EACCES\)/);
});

test('SQLite works here; a file that is no database is told, and left as it is', async () => {
  const path = join(folder, 'router.db');
  expect(await whyNoSqlite(null)).toBeNull();
  expect(await whyNoSqlite(path)).toBeNull();
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, 'a letter to a friend');
  expect(await whyNoSqlite(path)).toMatchObject({ ofFile: true, why: expect.stringMatching(/no SQLite database/) });
  writeFileSync(path, 'SQLite format 3\0and more');
  expect(await whyNoSqlite(path)).toBeNull();
});

test('a port is free, or somebody has it', async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  expect(await portOwner(port)).toEqual({ number: port, takenBy: 'somebody' });
  await new Promise((resolve) => server.close(resolve));
  expect(await portOwner(port)).toEqual({ number: port, takenBy: 'nobody' });
});

test('cards on the bus that no driver shows are named, displays of other makers and other devices are not', async () => {
  const files: Record<string, string> = { 'a/class': '0x030000', 'a/vendor': '0x10de', 'b/class': '0x020000', 'b/vendor': '0x10de', 'c/class': '0x030000', 'c/vendor': '0x1a03', 'd/class': '0x038000', 'd/vendor': '0x1002' };
  const tools = { list: () => Promise.resolve(['a', 'b', 'c', 'd']), read: (path: string) => Promise.resolve(files[path.split('/').slice(-2).join('/')] ?? null) };
  expect(await cardsWithoutDriver([], tools)).toEqual(['An NVIDIA card', 'An AMD card']);
  expect(await cardsWithoutDriver([{ index: 0, vendor: 'nvidia' }], tools)).toEqual(['An AMD card']);
  expect(await cardsWithoutDriver([], { ...tools, list: () => Promise.resolve([]) })).toEqual([]);
});
