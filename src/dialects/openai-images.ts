/** The OpenAI image API: `POST /v1/images/generations`. */
import type { RelayedRequest } from '../core/request.ts';
import { parseBody } from './read-fields.ts';
import { relayedDialect, relayedRequest, requiredText } from './relayed-dialect.ts';

const id = 'openai-images';

function decodeRequest(wire: string): RelayedRequest {
  const body = parseBody(wire);
  return relayedRequest(body, { id, task: 'image', wire, stream: body.boolean('stream') ?? false, text: requiredText(body, 'prompt') });
}

export const dialect = relayedDialect({ id, task: 'image', path: '/v1/images/generations', json: true, contentType: 'application/json; charset=utf-8', decodeRequest });
