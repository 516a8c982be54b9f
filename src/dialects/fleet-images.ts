/** The fleet's image API, a picture's bytes for JSON (contract fleet part 1.3): `POST /api/generate-image`. */
import { RouterError } from '../core/errors.ts';
import type { ImageRequest } from '../core/request.ts';
import type { InferenceDialect } from './dialect.ts';
import { ollamaError } from './ollama-error.ts';
import { ownWire } from './own-wire.ts';
import { PictureReader, PictureWriter } from './picture-answer.ts';
import { readSides, readWishes, usualSide } from './picture-wishes.ts';
import { parseBody } from './read-fields.ts';
import { neverJob, relayedRequest, requiredText } from './relayed-dialect.ts';

const id = 'fleet-images';
const path = '/api/generate-image';

function decodeRequest(wire: string): ImageRequest {
  const body = parseBody(wire);
  requiredText(body, 'model');
  const text = requiredText(body, 'prompt');
  const { width = usualSide, height = usualSide } = readSides(body);
  const request = relayedRequest(body, { id, task: 'image', wire, stream: false, text });
  return neverJob({ ...request, picture: { ...readWishes(body), width, height } }, 'a picture is');
}

/** Only callers speak it; every backend is asked in its own API. */
export const dialect: InferenceDialect<ImageRequest> = {
  kind: 'inference',
  id,
  task: 'image',
  routes: [{ method: 'POST', path }],
  timeHeader: 'x-generation-time',
  decodeRequest,
  encodeRequest(request, target) {
    if (request.dialect !== id) throw new RouterError('unsupported_feature', `A request of ${request.dialect} is not put into the fleet's image API.`);
    return ownWire(request, { model: target.model }, path, false);
  },
  decodeResponse: () => new PictureReader(() => [], () => ({})),
  encodeResponse: (context) => new PictureWriter(context, null, ([first]) => Buffer.from(first?.data ?? '', 'base64')),
  encodeError: ollamaError,
};
