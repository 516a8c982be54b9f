/** The OpenAI completions API: `POST /v1/completions`. */
import type { ChatRequest } from '../core/request.ts';
import type { InferenceDialect } from './dialect.ts';
import { type ChoiceShape, OpenAiBodyReader, OpenAiChunkReader } from './openai-chat-reader.ts';
import { eventStream, json } from './openai-chat-writer.ts';
import { readCompletionLogprobs } from './openai-completions-logprobs.ts';
import { openAiCompletionsId, readOpenAiCompletionsRequest, writeOpenAiCompletionsRequest } from './openai-completions-request.ts';
import { completionBodyWriter, CompletionChunkWriter } from './openai-completions-writer.ts';
import { openAiError, openAiErrorEvent } from './openai-error.ts';
import { closingEvent, openAiRelayRules as rules } from './openai-relay.ts';
import { ownWire } from './own-wire.ts';
import { BodyRelay, StreamRelay } from './relay.ts';
import { RelayWriter } from './relay-writer.ts';

const path = '/v1/completions';

const shape: ChoiceShape = {
  read: (choice) => {
    const text = typeof choice.text === 'string' ? choice.text : '';
    const logprobs = readCompletionLogprobs(choice.logprobs);
    return { parts: text === '' && !logprobs ? [] : [{ type: 'text-delta', text, ...(logprobs ? { logprobs } : {}) }] };
  },
};

export const dialect: InferenceDialect<ChatRequest> = {
  kind: 'inference',
  id: openAiCompletionsId,
  task: 'chat',
  routes: [{ method: 'POST', path }],
  raw: true,
  decodeRequest: readOpenAiCompletionsRequest,
  encodeRequest: (request, target) => (request.dialect === openAiCompletionsId ? ownWire(request, target, path, false) : writeOpenAiCompletionsRequest(request, target, path)),
  decodeResponse: ({ stream, relay }) => {
    if (relay) return stream ? new StreamRelay(rules) : new BodyRelay(rules);
    return stream ? new OpenAiChunkReader(shape) : new OpenAiBodyReader(shape);
  },
  encodeResponse: (context) => {
    const { requestId, stream } = context;
    if (context.relay) return new RelayWriter(context, { contentType: stream ? eventStream : json, closing: closingEvent, errorText: (error) => openAiErrorEvent(error, requestId) });
    return stream ? new CompletionChunkWriter(context) : completionBodyWriter(context);
  },
  encodeError: openAiError,
};
