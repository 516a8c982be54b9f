/** Reads an inference server's error answer, in any of the usual shapes, as one of ours. */
import { RouterError, type ErrorCode, type ErrorDetails } from '../core/errors.ts';
import type { BackendSettings } from './backend.ts';
import { contextOverflow, type Overflow } from './context-overflow.ts';
import { objectsField, parseJson, textField } from './json-fields.ts';
import { isObject, type JsonObject } from '../util/json-object.ts';

const messageCharacters = 2000;
const plainCharacters = 300;
/** Where a busy server does not say itself when to come back. */
const retryAfterMs = 5000;

interface UpstreamError {
  readonly message: string;
  readonly type?: string;
  readonly param?: string;
  readonly fields: JsonObject;
}

/**
 * What the caller did wrong is `context_overflow` or `backend_rejected` with the server's status; everything else is
 * `backend_failed`, so that the next candidate is tried. A model that this server lacks is 404, a server that has too much
 * to do or is still loading 503 and `busy`.
 */
export function readUpstreamError(status: number, body: string, settings: BackendSettings): RouterError {
  const error = parseError(body);
  const said = error.message === '' ? `status ${status} without a message` : error.message;
  const make = (code: ErrorCode, message: string, details: ErrorDetails = {}): RouterError =>
    new RouterError(code, message, { backend: settings.id, ...(error.type === undefined ? {} : { upstreamType: error.type }), ...details });
  const overflow = status < 400 || status === 429 || status > 500 ? null : contextOverflow(error.message, error.type, error.fields);
  if (overflow) return make('context_overflow', overflowMessage(overflow, settings.id, said), { overflow });
  if (status === 400 && lacksModel(error)) return make('backend_failed', `Backend ${settings.id} does not have the model: ${said}`, { status: 404 });
  switch (status) {
    case 400:
    case 413:
    case 415:
    case 422:
      return make('backend_rejected', `Backend ${settings.id} refused the request: ${said}`, { status, ...(error.param === undefined ? {} : { param: error.param }) });
    case 401:
    case 403:
      return make('backend_failed', `The router's key for backend ${settings.id} was refused; check its \`apiKey\`: ${said}`);
    case 404:
      if (/model/i.test(error.message)) return make('backend_failed', `Backend ${settings.id} does not have the model: ${said}`, { status });
      return make('backend_failed', `Backend ${settings.id} has nothing at this address; check its \`url\` and \`kind\`: ${said}`, { noSuchApi: true });
    case 405:
    case 501:
      return make('backend_failed', `Backend ${settings.id} failed with status ${status}: ${said}`, { noSuchApi: true });
    case 429:
    case 503:
      return make('backend_failed', `Backend ${settings.id} is busy: ${said}`, { status: 503, retryAfterMs, busy: true });
    default:
      return make('backend_failed', `Backend ${settings.id} failed with status ${status}: ${said}`);
  }
}

/** llama-server with several models, and LM Studio, say so with status 400. */
function lacksModel({ message, type }: UpstreamError): boolean {
  return type === 'model_not_found' || /^(?:the )?model\b.{0,400}\b(?:not found|does not exist|(?:is )?not loaded)\b/i.test(message);
}

function overflowMessage({ promptTokens, contextTokens }: Overflow, backendId: string, said: string): string {
  const prompt = promptTokens === undefined ? 'The prompt is longer' : `The prompt is ${promptTokens} tokens long, more`;
  const context = contextTokens === undefined ? `than the context on backend ${backendId}` : `than the ${contextTokens} tokens of context on backend ${backendId}`;
  return `${prompt} ${context}: ${said}`;
}

/** `{"error":"…"}`, `{"error":{"message":…}}`, `{"message":…}`, `{"detail":…}`, or text. */
function parseError(body: string): UpstreamError {
  const value = parseJson(body);
  if (!isObject(value)) return { message: plainText(typeof value === 'string' ? value : body), fields: {} };
  const text = textField(value, 'error');
  if (text !== undefined) return { message: cut(text, messageCharacters), fields: value };
  const fields = isObject(value['error']) ? value['error'] : value;
  const type = nameOf(fields, 'type') ?? nameOf(fields, 'code');
  const overflowCode = fields['code'] === 'context_length_exceeded' ? 'context_length_exceeded' : type;
  const param = textField(fields, 'param');
  return {
    message: cut(textField(fields, 'message') ?? detailOf(value) ?? plainText(body), messageCharacters),
    fields,
    ...(overflowCode === undefined ? {} : { type: overflowCode }),
    ...(param === undefined ? {} : { param }),
  };
}

function nameOf(fields: JsonObject, key: string): string | undefined {
  const text = textField(fields, key);
  return text === undefined ? undefined : cut(text, 100);
}

/** FastAPI's shape: a text, or a list of what is wrong with which field. */
function detailOf(value: JsonObject): string | undefined {
  const text = textField(value, 'detail');
  if (text !== undefined) return text;
  const problems = objectsField(value, 'detail').flatMap((problem) => textField(problem, 'msg') ?? []);
  return problems.length > 0 ? problems.join('; ') : undefined;
}

/** Error pages of proxies are HTML: their words are enough. */
function plainText(body: string): string {
  const words = /<[a-z!]/i.test(body) ? body.replace(/<(style|script)[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ') : body;
  return cut(words.replace(/\s+/g, ' ').trim(), plainCharacters);
}

function cut(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters)}…`;
}
