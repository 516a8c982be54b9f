/** Builds small zip archives and GGUF heads from their specifications, for tests of their readers. */
import { deflateRawSync } from 'node:zlib';

export interface ZipMember {
  readonly name: string;
  readonly data: Buffer;
  readonly stored?: boolean;
  /** Sent on in place of what the data says. */
  readonly claims?: { readonly sizeBytes?: number; readonly method?: number; readonly flags?: number };
}

export function zipOf(members: readonly ZipMember[], comment = ''): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, data, stored = false, claims = {} } of members) {
    const packed = stored ? data : deflateRawSync(data);
    const fields = { name: Buffer.from(name), method: claims.method ?? (stored ? 0 : 8), flags: claims.flags ?? 0, packed: packed.length, size: claims.sizeBytes ?? data.length };
    // An extra field in the local header alone: its length must be read there and not in the directory.
    const local = Buffer.concat([header(0x04034b50, fields, 0, 8), fields.name, Buffer.alloc(8), packed]);
    directory.push(Buffer.concat([header(0x02014b50, fields, at, 0), fields.name]));
    locals.push(local);
    at += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(Buffer.byteLength(comment), 20);
  return Buffer.concat([...locals, listing, end, Buffer.from(comment)]);
}

interface Fields {
  readonly name: Buffer;
  readonly method: number;
  readonly flags: number;
  readonly packed: number;
  readonly size: number;
}

/** Both kinds of header; the directory's has a version more in front, and the place of the local one. */
function header(signature: number, fields: Fields, localAt: number, extraBytes: number): Buffer {
  const inDirectory = signature === 0x02014b50;
  const shift = inDirectory ? 2 : 0;
  const bytes = Buffer.alloc(inDirectory ? 46 : 30);
  bytes.writeUInt32LE(signature, 0);
  bytes.writeUInt16LE(20, 4 + shift);
  bytes.writeUInt16LE(fields.flags, 6 + shift);
  bytes.writeUInt16LE(fields.method, 8 + shift);
  bytes.writeUInt32LE(fields.packed, 18 + shift);
  bytes.writeUInt32LE(fields.size, 22 + shift);
  bytes.writeUInt16LE(fields.name.length, 26 + shift);
  bytes.writeUInt16LE(extraBytes, 28 + shift);
  if (inDirectory) bytes.writeUInt32LE(localAt, 42);
  return bytes;
}

/** A GGUF head of version 3 with these metadata: texts, 32-bit numbers and lists of texts. */
export function ggufOf(metadata: Readonly<Record<string, string | number | readonly string[]>>): Buffer {
  const entries = Object.entries(metadata).map(([key, value]) => Buffer.concat([text(key), ...typedValue(value)]));
  return Buffer.concat([Buffer.from('GGUF'), number32(3), number64(0), number64(entries.length), ...entries]);
}

function typedValue(value: string | number | readonly string[]): Buffer[] {
  if (typeof value === 'number') return [number32(4), number32(value)];
  if (typeof value === 'string') return [number32(8), text(value)];
  return [number32(9), number32(8), number64(value.length), ...value.map(text)];
}

function text(value: string): Buffer {
  return Buffer.concat([number64(Buffer.byteLength(value)), Buffer.from(value)]);
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function number64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
