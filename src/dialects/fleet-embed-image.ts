/** The fleet's image embeddings (contract fleet part 1.3): `POST /api/embed-image`. */
import { RouterError } from '../core/errors.ts';
import type { RelayedRequest } from '../core/request.ts';
import type { StreamPart } from '../core/stream.ts';
import { spliceTopLevel } from '../util/json-splice.ts';
import type { AnswerContext, InferenceDialect, ResponseEncoder, Target, WireCall } from './dialect.ts';
import { EmbeddingReader, json } from './embedding-answer.ts';
import { ollamaError } from './ollama-error.ts';
import { ownWire } from './own-wire.ts';
import { defined, type Fields, parseBody } from './read-fields.ts';
import { relayedRequest } from './relayed-dialect.ts';
import { readTaskUsage } from './task-usage.ts';

const id = 'fleet-embed-image';
const path = '/api/embed-image';

/** `input` is another name for `images`. Throws `invalid_request` without any. */
function decodeRequest(wire: string): RelayedRequest {
  const body = parseBody(wire);
  const images = body.stringOrStrings('images') ?? body.stringOrStrings('input') ?? [];
  if (images.length === 0 || images.includes('')) body.required('images', 'a list of pictures in base64, and not empty');
  return { ...relayedRequest(body, { id, task: 'image-embedding', wire, stream: false, text: '' }), extra: { images } };
}

/** Always under `images`, and without the prefix of a `data:` URL. */
function encodeRequest(request: RelayedRequest, { model }: Target): WireCall {
  const images = (request.extra.images as readonly string[]).map((image) => image.replace(/^data:[^,]*;base64,/, ''));
  const call = ownWire(request, { model }, path, false);
  return { ...call, body: spliceTopLevel(call.body, new Map([['input', null], ['images', JSON.stringify(images)]])) };
}

class Writer implements ResponseEncoder {
  readonly contentType = json;
  readonly #context: AnswerContext;
  readonly #vectors: (readonly number[])[] = [];

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(part: StreamPart): null {
    if (part.type === 'embedding') this.#vectors[part.index] = part.vector;
    return null;
  }

  /** Throws when there is not a vector for each picture, while nothing has been sent. */
  end(): string {
    const { model, nodeId, request } = this.#context;
    const asked = (request.extra.images as readonly string[]).length;
    if (this.#vectors.length !== asked) throw new RouterError('backend_protocol', `The backend answered with ${this.#vectors.length} vectors for ${asked} pictures.`);
    return JSON.stringify(defined<Fields>({ model, embeddings: this.#vectors, dimensions: this.#vectors[0]?.length ?? 0, node: nodeId }));
  }

  error(): string {
    return '';
  }
}

export const dialect: InferenceDialect<RelayedRequest> = {
  kind: 'inference',
  id,
  task: 'image-embedding',
  routes: [{ method: 'POST', path }],
  onlyKnown: true,
  decodeRequest,
  encodeRequest,
  decodeResponse: () => new EmbeddingReader({ read: ({ embeddings }) => (Array.isArray(embeddings) ? embeddings : null), usage: readTaskUsage, write: () => ({}) }),
  encodeResponse: (context) => new Writer(context),
  encodeError: ollamaError,
};
