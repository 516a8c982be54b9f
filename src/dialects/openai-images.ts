/** The OpenAI image API: `POST /v1/images/generations`. */
import type { ImageRequest } from '../core/request.ts';
import { bodyRules } from './body-rules.ts';
import { ByteRelay } from './byte-relay.ts';
import { ByteWriter } from './byte-writer.ts';
import type { AnswerContext, InferenceDialect, Target, WireCall } from './dialect.ts';
import { jsonText } from './json-text.ts';
import { openAiError } from './openai-error.ts';
import { ownWire } from './own-wire.ts';
import { type Picture, PictureReader, PictureWriter, picturesInData } from './picture-answer.ts';
import { readSize, readWishes, writeWishes } from './picture-wishes.ts';
import { defined, type Fields, parseBody } from './read-fields.ts';
import { BodyRelay } from './relay.ts';
import { relayedRequest, requiredText } from './relayed-dialect.ts';
import { readTaskUsage } from './task-usage.ts';

const id = 'openai-images';
const path = '/v1/images/generations';
const json = 'application/json; charset=utf-8';
const rules = bodyRules(readTaskUsage);

function decodeRequest(wire: string): ImageRequest {
  const body = parseBody(wire);
  const text = requiredText(body, 'prompt');
  const count = body.integer('n', 1);
  const format = body.oneOf('response_format', ['b64_json', 'url'] as const);
  const picture = defined<ImageRequest['picture']>({ ...readSize(body), ...readWishes(body), count });
  const request = relayedRequest(body, { id, task: 'image', wire, stream: body.boolean('stream') ?? false, text });
  return { ...request, picture, extra: format === undefined ? {} : { response_format: format } };
}

/** A request of another API. Servers that do not know a field of it leave it out, as they do for callers of this one. */
function encodeForeign({ text, picture }: ImageRequest, { model }: Target): WireCall {
  return { path, body: jsonText(defined<Fields>({ model, prompt: text, n: picture.count ?? 1, response_format: 'b64_json', ...writeWishes(picture) })), rewrites: [] };
}

/** Asked for an address, the caller gets one that holds the picture itself: nothing is kept here that another could point to. */
function write(pictures: readonly Picture[], { request, createdAt, router }: AnswerContext): string {
  const asUrl = request.extra.response_format === 'url';
  const data = pictures.map((one) => ({ ...(asUrl ? { url: `data:${one.mediaType};base64,${one.data}` } : { b64_json: one.data }), revised_prompt: one.revisedPrompt ?? (request.task === 'image' ? request.text : '') }));
  const answer = { created: Math.floor(createdAt / 1000), data };
  return JSON.stringify(router ? { ...answer, router: router() } : answer);
}

export const dialect: InferenceDialect<ImageRequest> = {
  kind: 'inference',
  id,
  task: 'image',
  routes: [{ method: 'POST', path }],
  timeHeader: 'x-generation-time',
  decodeRequest,
  encodeRequest: (request, target) => (request.dialect === id ? ownWire(request, { model: target.model }, path, false) : encodeForeign(request, target)),
  decodeResponse({ stream, relay, contentType = '' }) {
    if (!relay) return new PictureReader(picturesInData, readTaskUsage);
    return !stream || contentType.startsWith('application/json') ? new BodyRelay(rules) : new ByteRelay(contentType);
  },
  encodeResponse: (context) => (context.relay ? new ByteWriter(context, json) : new PictureWriter(context, json, write)),
  encodeError: openAiError,
};
