/** The OpenAI speech API: `POST /v1/audio/speech`. */
import type { RelayedRequest } from '../core/request.ts';
import { parseBody } from './read-fields.ts';
import { neverJob, relayedDialect, relayedRequest, requiredText } from './relayed-dialect.ts';

const id = 'openai-speech';

/** Audio is passed on as it is spoken, so every answer is a stream; what a job keeps is text, so none becomes one. */
function decodeRequest(wire: string): RelayedRequest {
  const body = parseBody(wire);
  return neverJob(relayedRequest(body, { id, task: 'speech', wire, stream: true, text: requiredText(body, 'input') }), 'audio is');
}

export const dialect = relayedDialect({ id, task: 'speech', path: '/v1/audio/speech', json: false, contentType: 'application/octet-stream', decodeRequest });
