/** Ollama's older embedding API, one text a request: `POST /api/embeddings`. */
import { RouterError } from '../core/errors.ts';
import type { EmbeddingRequest } from '../core/request.ts';
import { spliceTopLevel } from '../util/json-splice.ts';
import { unsupported } from './cannot-translate.ts';
import type { Target, WireCall } from './dialect.ts';
import type { EmbeddingShape } from './embedding-answer.ts';
import { embeddingDialect } from './embedding-dialect.ts';
import { refuseOpaque } from './embedding-input.ts';
import { jsonText } from './json-text.ts';
import { readOllamaUsage } from './ollama-answer.ts';
import { readSharedPart, writeSharedPart } from './ollama-embed-fields.ts';
import { ollamaError } from './ollama-error.ts';
import { ownWire } from './own-wire.ts';
import { defined, type FieldReader, parseBody } from './read-fields.ts';

const id = 'ollama-embeddings';
const path = '/api/embeddings';

function decodeRequest(text: string): EmbeddingRequest {
  const body = parseBody(text);
  const prompt = readPrompt(body);
  return defined<EmbeddingRequest>({ task: 'embedding', dialect: id, wire: text, inputs: prompt === '' ? [] : [prompt], ...readSharedPart(body, ['prompt']) });
}

/** `input` is what other routers take at this address. An empty text only loads the model. */
function readPrompt(body: FieldReader): string {
  return body.string('prompt') ?? (typeof body.fields.input === 'string' ? body.fields.input : body.required('prompt', 'a text'));
}

/** Ollama reads no `input` here, and would answer with an empty vector. */
function encodeOwn(request: EmbeddingRequest, target: Target): WireCall {
  const call = ownWire(request, target, path, true);
  const { input } = request.extra;
  if (input === undefined || input !== request.inputs[0]) return call;
  return { path, body: spliceTopLevel(call.body, new Map([['input', null], ['prompt', JSON.stringify(input)]])), rewrites: [...call.rewrites, 'prompt'] };
}

/** Throws `unsupported_feature` for several inputs. */
function encodeForeign(request: EmbeddingRequest, target: Target): WireCall {
  refuseOpaque(request, 'older Ollama');
  if (request.dimensions !== undefined) throw unsupported('dimensions', 'older Ollama');
  if (request.inputs.length > 1) {
    throw new RouterError('unsupported_feature', 'The chosen backend embeds one text a request. Send the texts one by one, or name a model on another backend.', { param: 'input' });
  }
  const { fields, rewrites } = writeSharedPart(request, target);
  return { path, body: jsonText({ model: target.model, prompt: request.inputs[0], ...fields }), rewrites };
}

const shape: EmbeddingShape = {
  read: ({ embedding }) => (Array.isArray(embedding) ? [embedding] : null),
  usage: readOllamaUsage,
  write: ({ vectors }) => ({ embedding: vectors[0] ?? [] }),
};

export const dialect = embeddingDialect({ id, path, shape, decodeRequest, encodeOwn, encodeForeign, encodeError: ollamaError });
