import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { LogFiles } from './log-files.ts';

const folders: string[] = [];
const opened: LogFiles[] = [];

afterEach(() => {
  for (const files of opened.splice(0)) files.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function inFolder(folder: string, now: () => number, problems: string[] = []): LogFiles {
  const files = new LogFiles({ folder, keepDays: 3, now, failed: (problem) => void problems.push(problem) });
  opened.push(files);
  return files;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'oar-logs-'));
  folders.push(folder);
  return folder;
}

const text = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
const bytes = (line: string): Uint8Array => Buffer.from(line);

test('today is in oar.jsonl, an earlier day in a file with its date, and the oldest are gone', async () => {
  const folder = join(newFolder(), 'logs');
  let now = Date.parse('2026-03-04T23:59:58Z');
  const files = inFolder(folder, () => now);
  files.write(bytes('{"a":1}\n'));
  await expect.poll(() => text(join(folder, 'oar.jsonl'))).toBe('{"a":1}\n');
  expect(statSync(join(folder, 'oar.jsonl')).mode & 0o777).toBe(0o600);
  for (const day of ['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02']) writeFileSync(join(folder, `oar.jsonl.${day}`), day);
  writeFileSync(join(folder, 'notes.txt'), 'somebody else wrote this');
  // The file's own time decides whose day it is, and that is the machine's clock.
  utimesSync(join(folder, 'oar.jsonl'), now / 1000, now / 1000);
  now += 3000;
  files.write(bytes('{"a":2}\n'));
  await expect.poll(() => text(join(folder, 'oar.jsonl'))).toBe('{"a":2}\n');
  expect(text(join(folder, 'oar.jsonl.2026-03-04'))).toBe('{"a":1}\n');
  expect(readdirSync(folder).sort()).toEqual(['notes.txt', 'oar.jsonl', 'oar.jsonl.2026-03-01', 'oar.jsonl.2026-03-02', 'oar.jsonl.2026-03-04']);
});

test('a router that starts again on the same day goes on in the same file', async () => {
  const folder = newFolder();
  const now = Date.now();
  const first = inFolder(folder, () => now);
  first.write(bytes('one\n'));
  first.close();
  await expect.poll(() => text(join(folder, 'oar.jsonl'))).toBe('one\n');
  inFolder(folder, () => now).write(bytes('two\n'));
  await expect.poll(() => text(join(folder, 'oar.jsonl'))).toBe('one\ntwo\n');
});

test('a folder that cannot be made is told once a minute, and harms nobody', async () => {
  const blocked = join(newFolder(), 'file');
  writeFileSync(blocked, '');
  const problems: string[] = [];
  let now = 0;
  const files = inFolder(join(blocked, 'logs'), () => now, problems);
  files.write(bytes('lost\n'));
  files.write(bytes('lost\n'));
  expect(problems).toEqual([expect.stringMatching(/cannot be written to .*logs \(ENOTDIR\).*telemetry\.logDir/)]);
  rmSync(blocked);
  now += 60_000;
  files.write(bytes('kept\n'));
  await expect.poll(() => text(join(blocked, 'logs', 'oar.jsonl'))).toBe('kept\n');
  expect(problems).toHaveLength(1);
});
