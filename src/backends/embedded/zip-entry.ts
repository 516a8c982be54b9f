/** Takes one file out of a zip archive onto the disk, without unpacking the rest or reading it into memory. */
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';
import { RouterError } from '../../core/errors.ts';

export interface ZipEntry {
  readonly name: string;
  readonly sizeBytes: number;
}

interface Located extends ZipEntry {
  readonly method: number;
  readonly packedBytes: number;
  readonly headerAt: number;
}

const endSignature = 0x06054b50;
const directorySignature = 0x02014b50;
const localSignature = 0x04034b50;
// The end record is 22 bytes and may be followed by a comment of up to 65,535.
const endSearchBytes = 22 + 65_535;
const stored = 0;
const deflated = 8;

/** Writes the first entry whose name `matches` to `target`. Rejects with `backend_protocol` when the archive is damaged, too new (zip64, encryption) or has no such entry. Source: PKWARE APPNOTE 4.3. */
export async function extractZipEntry(archive: string, matches: (name: string) => boolean, target: string, options: { readonly onBytes?: (doneBytes: number, totalBytes: number) => void; readonly signal: AbortSignal }): Promise<ZipEntry> {
  const file = await open(archive, 'r');
  try {
    const entry = (await readDirectory(file)).find((candidate) => matches(candidate.name));
    if (!entry) throw damaged('holds no such file');
    const start = await dataStart(file, entry);
    await unpack(archive, start, entry, target, options);
    return { name: entry.name, sizeBytes: entry.sizeBytes };
  } finally {
    await file.close();
  }
}

async function readDirectory(file: FileHandle): Promise<Located[]> {
  const { size } = await file.stat();
  const tailAt = Math.max(0, size - endSearchBytes);
  const tail = await readAt(file, tailAt, size - tailAt);
  let end = tail.length - 22;
  while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end -= 1;
  if (end < 0) throw damaged('has no end record');
  const count = tail.readUInt16LE(end + 10);
  const bytes = tail.readUInt32LE(end + 12);
  const at = tail.readUInt32LE(end + 16);
  if (at === 0xffffffff || at + bytes > size) throw damaged('is larger than this reader takes, or was cut short');
  return parseDirectory(await readAt(file, at, bytes), count);
}

function parseDirectory(directory: Buffer, count: number): Located[] {
  const entries: Located[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== directorySignature) throw damaged('has a broken directory');
    if (directory.readUInt16LE(at + 8) & 1) throw damaged('is encrypted');
    const nameBytes = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameBytes),
      method: directory.readUInt16LE(at + 10),
      packedBytes: directory.readUInt32LE(at + 20),
      sizeBytes: directory.readUInt32LE(at + 24),
      headerAt: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/** The local header repeats the name and has its own extra field, so only it knows where the data begins. */
async function dataStart(file: FileHandle, entry: Located): Promise<number> {
  const header = await readAt(file, entry.headerAt, 30);
  if (header.readUInt32LE(0) !== localSignature) throw damaged('has a directory that points nowhere');
  return entry.headerAt + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
}

async function unpack(archive: string, start: number, entry: Located, target: string, options: { readonly onBytes?: (doneBytes: number, totalBytes: number) => void; readonly signal: AbortSignal }): Promise<void> {
  if (entry.method !== stored && entry.method !== deflated) throw damaged(`packs ${entry.name} with method ${entry.method}, which is not understood`);
  let done = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      done += chunk.length;
      options.onBytes?.(done, entry.sizeBytes);
      next(done > entry.sizeBytes ? damaged(`says ${entry.name} is smaller than it is`) : null, chunk);
    },
  });
  const packed = entry.packedBytes === 0 ? [] : createReadStream(archive, { start, end: start + entry.packedBytes - 1, highWaterMark: 262_144 });
  try {
    if (entry.method === stored) await pipeline(packed, count, createWriteStream(target), { signal: options.signal });
    else await pipeline(packed, createInflateRaw(), count, createWriteStream(target), { signal: options.signal });
  } catch (cause) {
    if (options.signal.aborted || cause instanceof RouterError) throw cause;
    throw damaged(`cannot be unpacked: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  if (done !== entry.sizeBytes) throw damaged(`ends in the middle of ${entry.name}`);
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, at);
  if (bytesRead !== length) throw damaged('was cut short');
  return buffer;
}

function damaged(what: string, cause?: unknown): RouterError {
  return new RouterError('backend_protocol', `The archive ${what}.`, { cause });
}
