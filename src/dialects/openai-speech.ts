/** The OpenAI speech API: `POST /v1/audio/speech`. */
import { RouterError } from '../core/errors.ts';
import type { RelayedRequest } from '../core/request.ts';
import { parseBody } from './read-fields.ts';
import { relayedDialect, relayedRequest, requiredText } from './relayed-dialect.ts';

const id = 'openai-speech';

/** Audio is passed on as it is spoken, so every answer is a stream; what a job keeps is text, so none becomes one. */
function decodeRequest(wire: string): RelayedRequest {
  const body = parseBody(wire);
  const request = relayedRequest(body, { id, task: 'speech', wire, stream: true, text: requiredText(body, 'input') });
  if (request.router === null) return request;
  if (request.router.mode === 'async') throw new RouterError('invalid_request', '`router.mode` cannot be async here: audio is answered at once or not at all.', { param: 'router.mode' });
  return { ...request, router: { ...request.router, mode: 'sync', allowAsync: false } };
}

export const dialect = relayedDialect({ id, task: 'speech', path: '/v1/audio/speech', json: false, contentType: 'application/octet-stream', decodeRequest });
