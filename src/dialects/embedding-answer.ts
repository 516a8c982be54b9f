/** Translated answers of the embedding APIs: from a body to parts, and from parts to a body. */
import { RouterError } from '../core/errors.ts';
import type { EmbeddingRequest } from '../core/request.ts';
import type { StreamPart, Usage } from '../core/stream.ts';
import type { AnswerContext, ResponseDecoder, ResponseEncoder } from './dialect.ts';
import { readVector } from './embedding-vector.ts';
import type { Fields } from './read-fields.ts';
import { parseAnswer } from './relay.ts';
import { readUpstreamError } from './upstream-error.ts';
import { isObject } from '../util/json-object.ts';

export const json = 'application/json; charset=utf-8';

/** Where an API keeps its vectors. */
export interface EmbeddingShape {
  /** In the order of the inputs, as they are written. Null when the answer has no such thing. */
  read(answer: Fields): readonly unknown[] | null;
  usage(answer: Fields): Usage;
  write(answer: EmbeddingAnswer): Fields;
}

export interface EmbeddingAnswer {
  /** In the order of the inputs. */
  readonly vectors: readonly (readonly number[])[];
  readonly usage: Usage;
  readonly model: string;
  readonly request: EmbeddingRequest;
}

/** Throws `backend_protocol` for an answer without vectors, and for vectors that are none. */
export class EmbeddingReader implements ResponseDecoder {
  readonly #shape: EmbeddingShape;
  readonly #chunks: Uint8Array[] = [];

  constructor(shape: EmbeddingShape) {
    this.#shape = shape;
  }

  push(chunk: Uint8Array): readonly StreamPart[] {
    this.#chunks.push(chunk);
    return [];
  }

  end(): readonly StreamPart[] {
    const answer = parseAnswer(Buffer.concat(this.#chunks).toString());
    const error = readUpstreamError(answer);
    if (error) return [{ type: 'error', error }];
    const vectors = this.#shape.read(answer);
    if (vectors === null) throw new RouterError('backend_protocol', 'The backend answered without embeddings.');
    const parts = vectors.map((value, index): StreamPart => ({ type: 'embedding', index, vector: readVector(value) }));
    return [...parts, { type: 'finish', reason: 'stop', usage: this.#shape.usage(answer) }];
  }
}

/** `end` throws when the vectors are not what was asked for, while nothing has been sent. */
export class EmbeddingWriter implements ResponseEncoder {
  readonly contentType = json;
  readonly #context: AnswerContext;
  readonly #shape: EmbeddingShape;
  readonly #vectors: (readonly number[])[] = [];
  #usage: Usage | null = null;

  constructor(context: AnswerContext, shape: EmbeddingShape) {
    this.#context = context;
    this.#shape = shape;
  }

  push(part: StreamPart): null {
    if (part.type === 'embedding') this.#vectors[part.index] = part.vector;
    else if (part.type === 'finish') this.#usage = part.usage;
    return null;
  }

  end(): string | null {
    const { request, model, router } = this.#context;
    if (this.#usage === null || request.task !== 'embedding') return null;
    checkVectors(this.#vectors, request);
    const answer = this.#shape.write({ vectors: this.#vectors, usage: this.#usage, model, request });
    return JSON.stringify(router ? { ...answer, router: router() } : answer);
  }

  error(): string {
    return '';
  }
}

/** A server that knows nothing of `dimensions` ignores it, and one that knows only one input answers with the first. */
function checkVectors(vectors: readonly (readonly number[])[], { inputs, dimensions }: EmbeddingRequest): void {
  const given = vectors.filter((vector) => vector !== undefined).length;
  if (given !== inputs.length) throw new RouterError('backend_protocol', `The backend answered with ${given} vectors for ${inputs.length} inputs.`);
  const length = vectors[0]?.length;
  if (dimensions === undefined || length === undefined || length === dimensions) return;
  throw new RouterError('unsupported_feature', `\`dimensions\` is ${dimensions}, and the chosen backend gives this model's vectors ${length}. Leave it out, or name another model.`, { param: 'dimensions' });
}

/** The vectors of a list of objects, put in the order of their `index` where they have one. */
export function readIndexed(rows: unknown): readonly unknown[] | null {
  if (!Array.isArray(rows)) return null;
  const placed: unknown[] = [];
  rows.filter(isObject).forEach((row, position) => {
    const { index } = row;
    placed[typeof index === 'number' && index >= 0 && index < rows.length ? index : position] = row.embedding;
  });
  return Array.from(placed);
}
