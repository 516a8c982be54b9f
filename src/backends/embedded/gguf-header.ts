/** Reads a GGUF file's name and architecture from its metadata, without loading the model. */
import { open } from 'node:fs/promises';

export interface GgufHeader {
  /** `general.name`, as the maker of the file wrote it. */
  readonly name?: string;
  /** `general.architecture`: `llama`, `qwen3`, `bert`. */
  readonly architecture?: string;
}

// The general.* keys come first in practice; the vocabulary that follows is megabytes long and is never needed.
const headBytes = 262_144;
const fixedSizes: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const stringType = 8;
const arrayType = 9;

/** Null when the file is not GGUF. Rejects when it cannot be read. */
export async function readGgufHeader(path: string): Promise<GgufHeader | null> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(headBytes);
    const { bytesRead } = await file.read(buffer, 0, headBytes, 0);
    return parseGgufHeader(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** The same from the file's first bytes; keys beyond them are not seen. Source of the layout: ggml `docs/gguf.md`, versions 2 and 3. */
export function parseGgufHeader(bytes: Buffer): GgufHeader | null {
  if (bytes.length < 24 || bytes.toString('latin1', 0, 4) !== 'GGUF') return null;
  const found: Record<string, string> = {};
  try {
    const cursor = new Cursor(bytes, 16);
    for (let left = cursor.length64(); left > 0 && Object.keys(found).length < 2; left -= 1) {
      const key = cursor.text();
      const type = cursor.number32();
      if (type === stringType && (key === 'general.name' || key === 'general.architecture')) found[key] = cursor.text();
      else cursor.skip(type);
    }
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
  }
  return {
    ...(found['general.name'] ? { name: found['general.name'] } : {}),
    ...(found['general.architecture'] ? { architecture: found['general.architecture'] } : {}),
  };
}

/** Walks little-endian values; throws RangeError at the end of what was read. */
class Cursor {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  number32(): number {
    return this.#bytes.readUInt32LE(this.#step(4));
  }

  length64(): number {
    return Number(this.#bytes.readBigUInt64LE(this.#step(8)));
  }

  text(): string {
    const length = this.length64();
    const start = this.#step(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  skip(type: number): void {
    if (type === stringType) {
      this.#step(this.length64());
      return;
    }
    if (type !== arrayType) {
      this.#step(sizeOf(type));
      return;
    }
    const item = this.number32();
    const count = this.length64();
    const size = fixedSizes[item];
    if (size !== undefined) this.#step(size * count);
    else for (let index = 0; index < count; index += 1) this.skip(item);
  }

  #step(size: number): number {
    const start = this.#at;
    if (!(start + size <= this.#bytes.length)) throw new RangeError('The value lies beyond what was read.');
    this.#at = start + size;
    return start;
  }
}

function sizeOf(type: number): number {
  const size = fixedSizes[type];
  if (size === undefined) throw new RangeError(`GGUF has no value type ${type}.`);
  return size;
}
