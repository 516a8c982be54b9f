/** What an embedding request asks to be embedded: texts, or what only its own API knows. */
import type { EmbeddingRequest } from '../core/request.ts';
import { unsupported } from './cannot-translate.ts';
import { type FieldReader, wrongField } from './read-fields.ts';
import { isObject } from '../util/json-object.ts';

export interface EmbeddingInput {
  readonly texts: readonly string[];
  /** Are `texts` something else than what the field holds? Then it goes to a backend of the same API as texts. */
  readonly rewritten: boolean;
  /** Token arrays, and parts other than text: they can be passed on but not translated. `texts` is empty then. */
  readonly opaque?: readonly unknown[];
}

const nothing = 'a text or a list of texts, and not empty';

/** OpenAI's `input`. Text parts of a multimodal list are taken as texts. Throws `invalid_request` for what is empty. */
export function readOpenAiInput(body: FieldReader): EmbeddingInput {
  const { input } = body.fields;
  if (typeof input === 'string' && input !== '') return { texts: [input], rewritten: false };
  if (!Array.isArray(input) || input.length === 0) throw wrongField(body.pathOf('input'), nothing);
  const texts = input.map(textOf);
  if (texts.every((text) => text !== null)) return { texts, rewritten: input.some(isObject) };
  const wrong = input.findIndex((one) => !isToken(one) && !isTokens(one) && textOf(one) === null && !isObject(one));
  if (wrong >= 0) throw wrongField(`${body.pathOf('input')}[${wrong}]`, 'a text or a list of tokens');
  return { texts: [], rewritten: false, opaque: input };
}

/** Throws `unsupported_feature` for what no other API can say. `decisive`: fields of `extra` that change the vectors. */
export function refuseOpaque(request: EmbeddingRequest, api: string): void {
  if (request.inputs.length === 0) throw unsupported('input', api);
  const field = decisive.find((name) => request.extra[name] !== undefined);
  if (field !== undefined) throw unsupported(field, api);
  const format = request.extra.encoding_format;
  if (format !== undefined && format !== 'float' && format !== 'base64') throw unsupported('encoding_format', api);
}

/** Of vLLM, Jina, Voyage, Cohere, NVIDIA and TEI. */
const decisive = ['messages', 'input_type', 'task', 'prompt_name', 'instruction', 'truncate_prompt_tokens', 'add_special_tokens', 'normalize', 'embedding_type', 'embedding_types', 'output_dtype', 'output_dimension', 'late_chunking'];

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return isObject(value) && value.type === 'text' && typeof value.text === 'string' ? value.text : null;
}

function isToken(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0;
}

function isTokens(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isToken);
}
