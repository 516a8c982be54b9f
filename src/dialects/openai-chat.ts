/** The OpenAI chat API: `POST /v1/chat/completions`. */
import type { ChatRequest } from '../core/request.ts';
import type { InferenceDialect } from './dialect.ts';
import { openAiError, openAiErrorEvent } from './openai-error.ts';
import { OpenAiBodyReader, OpenAiChunkReader } from './openai-chat-reader.ts';
import { openAiChatId, readOpenAiChatRequest } from './openai-chat-request.ts';
import { writeOpenAiChatRequest } from './openai-chat-wire.ts';
import { eventStream, json, OpenAiBodyWriter, OpenAiChunkWriter } from './openai-chat-writer.ts';
import { closingEvent, openAiRelayRules as rules } from './openai-relay.ts';
import { ownWire } from './own-wire.ts';
import { BodyRelay, StreamRelay } from './relay.ts';
import { RelayWriter } from './relay-writer.ts';

const path = '/v1/chat/completions';

export const dialect: InferenceDialect<ChatRequest> = {
  kind: 'inference',
  id: openAiChatId,
  task: 'chat',
  routes: [{ method: 'POST', path }],
  decodeRequest: readOpenAiChatRequest,
  encodeRequest: (request, target) => (request.dialect === openAiChatId ? ownWire(request, target, path, false) : writeOpenAiChatRequest(request, target, path)),
  decodeResponse: ({ stream, relay }) => {
    if (relay) return stream ? new StreamRelay(rules) : new BodyRelay(rules);
    return stream ? new OpenAiChunkReader() : new OpenAiBodyReader();
  },
  encodeResponse: (context) => {
    const { requestId, stream } = context;
    if (context.relay) return new RelayWriter(context, { contentType: stream ? eventStream : json, closing: closingEvent, errorText: (error) => openAiErrorEvent(error, requestId) });
    return stream ? new OpenAiChunkWriter(context) : new OpenAiBodyWriter(context);
  },
  encodeError: openAiError,
};
