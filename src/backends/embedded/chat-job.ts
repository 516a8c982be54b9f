/** Reads an OpenAI chat request into what the embedded engine can do, and refuses what it cannot. */
import { parseJson } from '../json-fields.ts';
import type { HistoryItem } from './native-api.ts';
import { isObject, type JsonObject } from '../../util/json-object.ts';

/** An answer that is an error; `type` and extra fields are in the words of llama-server. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, type: string, message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.body = { error: { code: status, message, type, ...fields } };
  }
}

export interface ChatJob {
  /** Absent: whatever model there is. */
  readonly model?: string;
  readonly history: readonly HistoryItem[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Absent: as many as the context holds. */
  readonly maxTokens?: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly minP: number;
  readonly seed?: number;
  readonly repeatPenalty: number;
  readonly frequencyPenalty: number;
  readonly presencePenalty: number;
  readonly stop: readonly string[];
  readonly format: null | { readonly type: 'json' } | { readonly type: 'json-schema'; readonly schema: unknown; readonly strict: boolean };
}

/** Throws a Refusal: 400 `invalid_request_error` naming the field, or 400 `unsupported_feature`. */
export function readChatJob(text: string): ChatJob {
  const body = parse(text);
  refuseUnsupported(body);
  const seed = number(body, 'seed');
  const maxTokens = tokenLimit(body);
  return {
    ...(typeof body.model === 'string' ? { model: body.model } : {}),
    history: history(body.messages),
    stream: body.stream === true,
    includeUsage: isObject(body.stream_options) && body.stream_options.include_usage === true,
    ...(maxTokens === undefined ? {} : { maxTokens }),
    // A model this small wanders at the usual 0.8.
    temperature: number(body, 'temperature', 0, 5) ?? 0.2,
    topP: number(body, 'top_p', 0, 1) ?? 0.9,
    topK: number(body, 'top_k', 0) ?? 40,
    minP: number(body, 'min_p', 0, 1) ?? 0,
    ...(seed === undefined || seed < 0 ? {} : { seed: Math.trunc(seed) }),
    repeatPenalty: number(body, 'repeat_penalty', 0) ?? 1.1,
    frequencyPenalty: number(body, 'frequency_penalty', -2, 2) ?? 0,
    presencePenalty: number(body, 'presence_penalty', -2, 2) ?? 0,
    stop: stops(body.stop),
    format: format(body.response_format),
  };
}

function parse(text: string): JsonObject {
  const body = parseJson(text);
  if (!isObject(body)) throw invalid('body', 'The body must be a JSON object.');
  return body;
}

function refuseUnsupported(body: JsonObject): void {
  const many = (value: unknown) => Array.isArray(value) && value.length > 0;
  if ((many(body.tools) && body.tool_choice !== 'none') || many(body.functions)) throw unsupported('tools', 'call tools');
  if (typeof body.n === 'number' && body.n > 1) throw unsupported('n', 'give several answers to one request');
  if (body.logprobs === true || (typeof body.top_logprobs === 'number' && body.top_logprobs > 0)) throw unsupported('logprobs', 'report log probabilities');
  if (isObject(body.logit_bias) && Object.keys(body.logit_bias).length > 0) throw unsupported('logit_bias', 'weigh single tokens');
  if (isObject(body.audio)) throw unsupported('audio', 'speak');
}

function history(messages: unknown): readonly HistoryItem[] {
  if (!Array.isArray(messages) || messages.length === 0) throw invalid('messages', '`messages` must be a list with at least one message.');
  return (messages as unknown[]).map((message, index) => historyItem(message, `messages[${index}]`));
}

function historyItem(message: unknown, path: string): HistoryItem {
  if (!isObject(message)) throw invalid(path, `\`${path}\` must be an object.`);
  if (message.role === 'tool' || message.role === 'function' || (Array.isArray(message.tool_calls) && message.tool_calls.length > 0)) throw unsupported(path, 'read tool calls and their results');
  const text = content(message.content, `${path}.content`);
  if (message.role === 'user') return { type: 'user', text };
  if (message.role === 'assistant') return { type: 'model', response: [text] };
  if (message.role === 'system' || message.role === 'developer') return { type: 'system', text };
  throw invalid(`${path}.role`, `\`${path}.role\` must be system, developer, user or assistant.`);
}

function content(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (!Array.isArray(value)) throw invalid(path, `\`${path}\` must be a text or a list of parts.`);
  const texts = (value as unknown[]).map((part, index) => {
    if (!isObject(part)) throw invalid(`${path}[${index}]`, `\`${path}[${index}]\` must be an object.`);
    if (part.type === 'text' && typeof part.text === 'string') return part.text;
    if (part.type === 'text') throw invalid(`${path}[${index}].text`, `\`${path}[${index}].text\` must be a text.`);
    throw unsupported(`${path}[${index}]`, `read parts of type ${String(part.type)}`);
  });
  return texts.join('\n');
}

function tokenLimit(body: JsonObject): number | undefined {
  const name = body.max_completion_tokens === undefined || body.max_completion_tokens === null ? 'max_tokens' : 'max_completion_tokens';
  const limit = number(body, name);
  if (limit === undefined || limit < 0) return undefined;
  if (limit < 1) throw invalid(name, `\`${name}\` must be at least 1.`);
  return Math.trunc(limit);
}

function stops(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  return list.map((stop) => {
    if (typeof stop !== 'string') throw invalid('stop', '`stop` must be a text or a list of texts.');
    return stop;
  }).filter((stop) => stop !== '');
}

function format(value: unknown): ChatJob['format'] {
  if (value === undefined || value === null) return null;
  if (!isObject(value)) throw invalid('response_format', '`response_format` must be an object.');
  if (value.type === 'text') return null;
  if (value.type === 'json_object') return value.schema === undefined ? { type: 'json' } : { type: 'json-schema', schema: value.schema, strict: false };
  if (value.type !== 'json_schema') throw invalid('response_format.type', '`response_format.type` must be text, json_object or json_schema.');
  const named = isObject(value.json_schema) ? value.json_schema : {};
  if (!isObject(named.schema)) throw invalid('response_format.json_schema.schema', '`response_format.json_schema.schema` must be a JSON schema.');
  return { type: 'json-schema', schema: named.schema, strict: named.strict === true };
}

function number(body: JsonObject, name: string, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw invalid(name, `\`${name}\` must be a number.`);
  if (value < least || value > most) throw invalid(name, `\`${name}\` must lie between ${least} and ${most}.`);
  return value;
}

function invalid(param: string, message: string): Refusal {
  return new Refusal(400, 'invalid_request_error', message, { param });
}

function unsupported(param: string, what: string): Refusal {
  return new Refusal(400, 'unsupported_feature', `The embedded engine cannot ${what}. Ask a model on another backend, or leave it out.`, { param });
}
