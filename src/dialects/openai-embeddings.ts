/** The OpenAI embeddings API: `POST /v1/embeddings`. */
import type { EmbeddingRequest } from '../core/request.ts';
import { spliceTopLevel } from '../util/json-splice.ts';
import type { Target, WireCall } from './dialect.ts';
import { type EmbeddingAnswer, type EmbeddingShape, readIndexed } from './embedding-answer.ts';
import { embeddingDialect } from './embedding-dialect.ts';
import { readOpenAiInput, refuseOpaque } from './embedding-input.ts';
import { toBase64 } from './embedding-vector.ts';
import { readHerdFields } from './herd-fields.ts';
import { jsonText } from './json-text.ts';
import { Base64Writer } from './openai-embeddings-base64.ts';
import { openAiError } from './openai-error.ts';
import { ownWire } from './own-wire.ts';
import { defined, type Fields, parseBody } from './read-fields.ts';
import { readKeepAlive, readRouterOptions } from './router-options.ts';
import { readTaskUsage } from './task-usage.ts';

const id = 'openai-embeddings';
const path = '/v1/embeddings';

/** Fields that an EmbeddingRequest holds; all others are `extra`. */
const held: ReadonlySet<string> = new Set(['model', 'input', 'dimensions', 'user', 'keep_alive', 'router', 'fallback_models']);

function decodeRequest(text: string): EmbeddingRequest {
  const body = parseBody(text);
  const input = readOpenAiInput(body);
  const extra = body.others(held);
  body.string('encoding_format');
  return defined<EmbeddingRequest>({
    task: 'embedding',
    dialect: id,
    wire: text,
    model: body.string('model') || null,
    inputs: input.texts,
    dimensions: body.integer('dimensions', 1),
    stream: false,
    includeUsage: false,
    user: body.string('user'),
    keepAlive: readKeepAlive(body),
    router: readRouterOptions(body),
    ...readHerdFields(body),
    extra: input.opaque === undefined && !input.rewritten ? extra : { ...extra, input: body.fields.input },
  });
}

/** This API knows no `keep_alive`, so none is put in. Text parts go as the texts that every server takes. */
function encodeOwn(request: EmbeddingRequest, { model }: Target): WireCall {
  const call = ownWire(request, { model }, path, false);
  if (request.inputs.length === 0 || request.extra.input === undefined) return call;
  return { path, body: spliceTopLevel(call.body, new Map([['input', jsonText(request.inputs)]])), rewrites: [...call.rewrites, 'input'] };
}

function encodeForeign(request: EmbeddingRequest, { model }: Target): WireCall {
  refuseOpaque(request, 'OpenAI');
  return { path, body: jsonText(defined<Fields>({ model, input: request.inputs, dimensions: request.dimensions })), rewrites: [] };
}

function asksBase64(request: EmbeddingRequest): boolean {
  return request.extra.encoding_format === 'base64';
}

function write({ vectors, usage, model, request }: EmbeddingAnswer): Fields {
  const base64 = asksBase64(request);
  const tokens = usage.promptTokens ?? 0;
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: base64 ? toBase64(vector) : vector })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

const shape: EmbeddingShape = { read: (answer) => readIndexed(answer.data), usage: readTaskUsage, write };

export const dialect = embeddingDialect({
  id,
  path,
  shape,
  decodeRequest,
  encodeOwn,
  encodeForeign,
  encodeError: openAiError,
  relayWriter: ({ request }, plain) => (request.task === 'embedding' && asksBase64(request) ? new Base64Writer(plain) : plain),
});
