/** Pictures on their way: out of OpenAI's and Ollama's answers, and into those that callers get. */
import { RouterError } from '../core/errors.ts';
import type { StreamPart, Usage } from '../core/stream.ts';
import type { AnswerContext, ResponseDecoder, ResponseEncoder } from './dialect.ts';
import { mediaTypeOf } from './image-data.ts';
import { defined, type Fields } from './read-fields.ts';
import { parseAnswer } from './relay.ts';
import { readUpstreamError } from './upstream-error.ts';
import { isObject } from '../util/json-object.ts';

export type Picture = Extract<StreamPart, { type: 'picture' }>;

/** A whole answer that holds pictures. Throws `backend_protocol` when there is none in it. */
export class PictureReader implements ResponseDecoder {
  readonly #chunks: Uint8Array[] = [];
  readonly #read: (answer: Fields) => readonly Picture[];
  readonly #usage: (answer: Fields) => Usage;

  constructor(read: (answer: Fields) => readonly Picture[], usage: (answer: Fields) => Usage) {
    this.#read = read;
    this.#usage = usage;
  }

  push(chunk: Uint8Array): readonly StreamPart[] {
    this.#chunks.push(chunk);
    return [];
  }

  end(): readonly StreamPart[] {
    const answer = parseAnswer(lastLineOf(Buffer.concat(this.#chunks).toString()));
    const error = readUpstreamError(answer);
    if (error) return [{ type: 'error', error }];
    const pictures = this.#read(answer);
    if (pictures.length === 0) throw new RouterError('backend_protocol', 'The backend answered without a picture.');
    return [...pictures, { type: 'finish', reason: 'stop', usage: this.#usage(answer) }];
  }
}

/** Ollama may report its progress in lines before the last one. */
function lastLineOf(text: string): string {
  const lines = text.trim().split('\n');
  return lines.length > 1 && lines.every((line) => line.startsWith('{') && line.endsWith('}')) ? (lines.at(-1) ?? '') : text;
}

/** `data[]` of OpenAI's answer; a picture by address is taken only when the address holds it. */
export function picturesInData({ data }: Fields): readonly Picture[] {
  const rows = Array.isArray(data) ? data.filter(isObject) : [];
  return rows.flatMap((row, index): Picture[] => {
    const base64 = typeof row.b64_json === 'string' && row.b64_json !== '' ? row.b64_json : inUrl(row.url);
    return base64 === null ? [] : [pictureOf(base64, index, row.revised_prompt)];
  });
}

function inUrl(url: unknown): string | null {
  return typeof url === 'string' ? (/^data:[^,]*;base64,(.+)$/s.exec(url)?.[1] ?? null) : null;
}

export function pictureOf(data: string, index: number, revised?: unknown): Picture {
  return defined<Picture>({ type: 'picture', index, data, mediaType: mediaTypeOf(data) ?? 'image/png', revisedPrompt: typeof revised === 'string' ? revised : undefined });
}

/** Gathers the pictures of an answer for `write`; text and bytes come whole at the end. */
export class PictureWriter implements ResponseEncoder {
  readonly #context: AnswerContext;
  readonly #pictures: Picture[] = [];
  readonly #write: (pictures: readonly Picture[], context: AnswerContext) => string | Uint8Array;
  readonly #type: string | null;

  /** `contentType` null: that of the picture. */
  constructor(context: AnswerContext, contentType: string | null, write: (pictures: readonly Picture[], context: AnswerContext) => string | Uint8Array) {
    this.#context = context;
    this.#type = contentType;
    this.#write = write;
  }

  get contentType(): string {
    return this.#type ?? this.#pictures[0]?.mediaType ?? 'image/png';
  }

  push(part: StreamPart): null {
    if (part.type === 'picture') this.#pictures.push(part);
    return null;
  }

  end(): string | Uint8Array | null {
    return this.#pictures.length === 0 ? null : this.#write(this.#pictures, this.#context);
  }

  error(): string {
    return '';
  }
}
