/** Ollama's own image models, asked through `POST /api/generate`: one whole answer that holds a picture. */
import type { ImageRequest } from '../core/request.ts';
import { unsupported } from './cannot-translate.ts';
import type { InferenceDialect, Target, WireCall } from './dialect.ts';
import { jsonText } from './json-text.ts';
import { readOllamaUsage } from './ollama-answer.ts';
import { ollamaError } from './ollama-error.ts';
import { pictureOf, PictureReader, PictureWriter } from './picture-answer.ts';
import { readSides, readWishes } from './picture-wishes.ts';
import { defined, type Fields, parseBody } from './read-fields.ts';
import { relayedRequest, requiredText } from './relayed-dialect.ts';

const id = 'ollama-images';
const path = '/api/generate';

function decodeRequest(wire: string): ImageRequest {
  const body = parseBody(wire);
  const request = relayedRequest(body, { id, task: 'image', wire, stream: false, text: requiredText(body, 'prompt') });
  return { ...request, picture: { ...readSides(body), ...readWishes(body) } };
}

/** What Ollama has no field for is left out, and named among the rewrites. */
function encodeRequest({ text, picture, stream, keepAlive }: ImageRequest, target: Target): WireCall {
  if (stream) throw unsupported('stream', 'Ollama');
  if ((picture.count ?? 1) > 1) throw unsupported('n', 'Ollama');
  const { width, height, steps, seed, guidance, negativePrompt, quantize } = picture;
  const left = { guidance, negative_prompt: negativePrompt, quantize };
  return {
    path,
    body: jsonText(defined<Fields>({ model: target.model, prompt: text, stream: false, width, height, steps, options: seed === undefined ? undefined : { seed }, keep_alive: keepAlive ?? target.keepAlive })),
    rewrites: [...Object.entries(left).flatMap(([name, value]) => (value === undefined ? [] : [name])), ...(keepAlive === undefined && target.keepAlive !== undefined ? ['keep_alive'] : [])],
  };
}

/** No address of callers: theirs is `/api/generate`, which belongs to text. */
export const dialect: InferenceDialect<ImageRequest> = {
  kind: 'inference',
  id,
  task: 'image',
  routes: [],
  onlyKnown: true,
  decodeRequest,
  encodeRequest,
  decodeResponse: () => new PictureReader(({ image }) => (typeof image === 'string' && image !== '' ? [pictureOf(image, 0)] : []), readOllamaUsage),
  encodeResponse: (context) => new PictureWriter(context, 'application/json; charset=utf-8', ([first]) => JSON.stringify({ model: context.model, image: first?.data ?? '', done: true })),
  encodeError: ollamaError,
};
