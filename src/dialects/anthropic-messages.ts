/** The Anthropic messages API: `POST /v1/messages`. */
import type { ChatRequest } from '../core/request.ts';
import { anthropicError, anthropicErrorEvent } from './anthropic-error.ts';
import { AnthropicBodyReader, AnthropicEventReader } from './anthropic-reader.ts';
import { anthropicRelayRules, closeEvent } from './anthropic-relay.ts';
import { anthropicMessagesId, readAnthropicRequest } from './anthropic-request.ts';
import { writeAnthropicRequest } from './anthropic-wire.ts';
import { AnthropicBodyWriter, AnthropicEventWriter, eventStream, json } from './anthropic-writer.ts';
import type { InferenceDialect } from './dialect.ts';
import { ownWire } from './own-wire.ts';
import { BodyRelay, StreamRelay } from './relay.ts';
import { RelayWriter } from './relay-writer.ts';

const path = '/v1/messages';

export const dialect: InferenceDialect<ChatRequest> = {
  kind: 'inference',
  id: anthropicMessagesId,
  task: 'chat',
  routes: [{ method: 'POST', path }],
  decodeRequest: (text) => readAnthropicRequest(text),
  // Only the model's name: the API refuses fields that it does not know.
  encodeRequest: (request, target) => (request.dialect === anthropicMessagesId ? ownWire(request, { model: target.model }, path, false) : writeAnthropicRequest(request, target, path)),
  decodeResponse: ({ stream, relay }) => {
    if (relay) return stream ? new StreamRelay(anthropicRelayRules()) : new BodyRelay(anthropicRelayRules());
    return stream ? new AnthropicEventReader() : new AnthropicBodyReader();
  },
  encodeResponse: (context) => {
    const { requestId, stream } = context;
    if (context.relay) return new RelayWriter(context, { contentType: stream ? eventStream : json, closing: closeEvent, errorText: (error) => anthropicErrorEvent(error, requestId) });
    return stream ? new AnthropicEventWriter(context) : new AnthropicBodyWriter(context);
  },
  encodeError: anthropicError,
};
