/** Gives a caller who asked for base64 just that, from a server that ignores the wish. */
import type { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import { joinText } from '../util/join-bytes.ts';
import { spliceTopLevel } from '../util/json-splice.ts';
import type { ResponseEncoder } from './dialect.ts';
import { readVector, toBase64 } from './embedding-vector.ts';
import { isObject, parseObject } from '../util/json-object.ts';

/**
 * The official client asks for base64 unless told otherwise, and reads a list of numbers as zeros without a word. Ollama
 * before 0.13 and others send lists whatever was asked. An answer in base64 passes byte for byte.
 */
export class Base64Writer implements ResponseEncoder {
  readonly #plain: ResponseEncoder;

  constructor(plain: ResponseEncoder) {
    this.#plain = plain;
  }

  get contentType(): string {
    return this.#plain.contentType;
  }

  push(part: StreamPart): string | Uint8Array | null {
    if (part.type !== 'raw') return this.#plain.push(part);
    const text = joinText([part.wire]);
    return this.#plain.push(/"embedding"\s*:\s*\[/.test(text) ? { ...part, wire: withBase64(text) } : part);
  }

  end(): string | Uint8Array | null {
    return this.#plain.end();
  }

  error(error: RouterError): string {
    return this.#plain.error(error);
  }
}

function withBase64(text: string): string {
  const data = parseObject(text)?.data;
  if (!Array.isArray(data)) return text;
  const rows = data.map((row: unknown) => (isObject(row) && Array.isArray(row.embedding) ? { ...row, embedding: toBase64(readVector(row.embedding)) } : row));
  return spliceTopLevel(text, new Map([['data', JSON.stringify(rows)]]));
}
