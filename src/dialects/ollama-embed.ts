/** Ollama's embedding API: `POST /api/embed`. */
import type { EmbeddingRequest } from '../core/request.ts';
import type { Target, WireCall } from './dialect.ts';
import type { EmbeddingAnswer, EmbeddingShape } from './embedding-answer.ts';
import { embeddingDialect } from './embedding-dialect.ts';
import { refuseOpaque } from './embedding-input.ts';
import { jsonText } from './json-text.ts';
import { readOllamaUsage } from './ollama-answer.ts';
import { readSharedPart, writeSharedPart } from './ollama-embed-fields.ts';
import { ollamaError } from './ollama-error.ts';
import { ownWire } from './own-wire.ts';
import { defined, type FieldReader, type Fields, parseBody } from './read-fields.ts';

const id = 'ollama-embed';
const path = '/api/embed';
const nsPerMs = 1_000_000;

function decodeRequest(text: string): EmbeddingRequest {
  const body = parseBody(text);
  return defined<EmbeddingRequest>({
    task: 'embedding',
    dialect: id,
    wire: text,
    inputs: readInputs(body),
    dimensions: body.integer('dimensions', 0) || undefined,
    truncate: body.boolean('truncate'),
    ...readSharedPart(body, ['input', 'dimensions', 'truncate']),
  });
}

/** An empty text or list only loads the model. */
function readInputs(body: FieldReader): readonly string[] {
  const inputs = body.stringOrStrings('input') ?? body.required('input', 'a text or a list of texts');
  return body.fields.input === '' ? [] : inputs;
}

function encodeForeign(request: EmbeddingRequest, target: Target): WireCall {
  refuseOpaque(request, 'Ollama');
  const { fields, rewrites } = writeSharedPart(request, target);
  const own = defined<Fields>({ dimensions: request.dimensions, truncate: request.truncate });
  return { path, body: jsonText({ model: target.model, input: request.inputs, ...own, ...fields }), rewrites };
}

function write({ vectors, usage, model }: EmbeddingAnswer): Fields {
  return defined<Fields>({
    model,
    embeddings: vectors,
    total_duration: inNs(usage.totalMs),
    load_duration: inNs(usage.loadMs),
    prompt_eval_count: usage.promptTokens,
  });
}

function inNs(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * nsPerMs);
}

const shape: EmbeddingShape = {
  read: ({ embeddings }) => (Array.isArray(embeddings) ? embeddings : null),
  usage: readOllamaUsage,
  write,
};

export const dialect = embeddingDialect({
  id,
  path,
  shape,
  saysContext: true,
  decodeRequest,
  encodeOwn: (request, target) => ownWire(request, target, path, true),
  encodeForeign,
  encodeError: ollamaError,
});
