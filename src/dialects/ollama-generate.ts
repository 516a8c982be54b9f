/** Ollama's completion API: `POST /api/generate`, read as a conversation of one message. */
import { RouterError } from '../core/errors.ts';
import type { ChatRequest, Message, RawPrompt } from '../core/request.ts';
import { refuseOwnFeatures, unsupported } from './cannot-translate.ts';
import type { InferenceDialect, Target, WireCall } from './dialect.ts';
import { jsonText } from './json-text.ts';
import { generateShape } from './ollama-answer.ts';
import { ollamaDialect } from './ollama-dialect.ts';
import { readExtra, readSharedFields, sharedFields, writeSharedFields } from './ollama-fields.ts';
import { readOllamaContent, writeOllamaContent } from './ollama-messages.ts';
import { type FieldReader, parseBody } from './read-fields.ts';

const id = 'ollama-generate';
const path = '/api/generate';
const api = 'Ollama generate';
const decisive = ['context', 'format', 'template'];
const held: ReadonlySet<string> = new Set([...sharedFields, 'prompt', 'system', 'images', 'raw', 'suffix']);

function decodeRequest(text: string): ChatRequest {
  const body = parseBody(text);
  const shared = readSharedFields(body);
  const raw = readRaw(body);
  return { task: 'chat', dialect: id, wire: text, ...shared, decisive, messages: readMessages(body), ...(raw === undefined ? {} : { raw }), tools: [], extra: readExtra(body, held, shared.responseFormat !== undefined) };
}

/** A prompt that the model shall see as it is, or whose gap it shall fill; undefined for one that a template may hold. */
function readRaw(body: FieldReader): RawPrompt | undefined {
  const prompt = body.string('prompt');
  const suffix = body.string('suffix');
  const raw = body.boolean('raw');
  if (!prompt || (raw !== true && !suffix)) return undefined;
  return { prompt, ...(suffix ? { suffix } : {}) };
}

/** An empty prompt only loads or unloads the model. */
function readMessages(body: FieldReader): readonly Message[] {
  const prompt = body.string('prompt');
  const system = body.string('system');
  const content = readOllamaContent(prompt, body.strings('images'));
  if (!prompt) return [];
  return [...(system ? [{ role: 'system', content: [{ type: 'text', text: system }] } as const] : []), { role: 'user', content }];
}

/** Throws `unsupported_feature` for a conversation: this API has one prompt and one system text. */
function encodeForeign(request: ChatRequest, target: Target): WireCall {
  refuseOwnFeatures(request, api, true);
  if (request.raw !== undefined) return encodeRaw(request.raw, request, target);
  const user = request.messages.at(-1);
  const before = request.messages.slice(0, -1);
  const simple = request.tools.length === 0 && before.length <= 1 && before.every((message) => message.role === 'system') && (!user || user.role === 'user');
  if (!simple) {
    throw new RouterError('unsupported_feature', 'The chosen backend only completes single prompts; it takes no conversation and no tools.', { param: 'messages' });
  }
  const { fields, rewrites } = writeSharedFields(request, target);
  const system = before[0] ? { system: writeOllamaContent(before[0].content).content } : {};
  const { content, images } = writeOllamaContent(user?.content ?? []);
  return { path, body: jsonText({ model: target.model, ...system, prompt: content, ...(images ? { images } : {}), ...fields }), rewrites };
}

/** An empty prompt would only load the model here. A gap is filled by the model's own template for it, which `raw` would pass over. */
function encodeRaw({ prompt, suffix }: RawPrompt, request: ChatRequest, target: Target): WireCall {
  if (prompt === '') throw unsupported('prompt', api, 'without any text');
  const { fields, rewrites } = writeSharedFields(request, target);
  return { path, body: jsonText({ model: target.model, prompt, ...(suffix === undefined ? { raw: true } : { suffix }), ...fields }), rewrites };
}

export const dialect: InferenceDialect<ChatRequest> = { ...ollamaDialect({ id, path, shape: generateShape, decodeRequest, encodeForeign }), raw: true };
