/** The OpenAI responses API: `POST /v1/responses`. */
import type { ChatRequest } from '../core/request.ts';
import type { InferenceDialect } from './dialect.ts';
import { eventStream, json } from './openai-chat-writer.ts';
import { openAiError } from './openai-error.ts';
import { closingEvent } from './openai-relay.ts';
import { ResponsesBodyReader, ResponsesEventReader, readResponsesFailure } from './openai-responses-reader.ts';
import { openAiResponsesId, readOpenAiResponsesRequest } from './openai-responses-request.ts';
import { writeOpenAiResponsesRequest } from './openai-responses-wire.ts';
import { responsesErrorEvent, ResponsesBodyWriter, ResponsesEventWriter } from './openai-responses-writer.ts';
import { ownWire } from './own-wire.ts';
import type { Fields } from './read-fields.ts';
import { BodyRelay, type RelayRules, StreamRelay } from './relay.ts';
import { RelayWriter } from './relay-writer.ts';
import { readResponsesReason, readResponsesUsage } from './responses-object.ts';
import { isObject } from '../util/json-object.ts';

const path = '/v1/responses';

const rules: RelayRules = {
  telling: /"error"\s*:\s*[{"]|"type"\s*:\s*"(?:error|response\.(?:completed|incomplete|failed))"/,
  beginning: /^data:/m,
  payloadOf: (line) => (line.startsWith('data:') ? line.slice(5).trim() : null),
  endMark: null,
  finishReason: (value) => readResponsesReason(responseIn(value)),
  usage: (value) => readResponsesUsage(responseIn(value)),
  failure: readResponsesFailure,
};

/** An event brings the response with it, a whole answer is one. */
function responseIn(value: Fields): Fields {
  return isObject(value.response) ? value.response : value;
}

/** The router knows what a request goes on from, its backends do not: such a request is written anew, with all that went before. */
function goesOn({ conversation }: ChatRequest): boolean {
  return conversation?.previousId !== undefined || conversation?.refers === true;
}

export const dialect: InferenceDialect<ChatRequest> = {
  kind: 'inference',
  id: openAiResponsesId,
  task: 'chat',
  routes: [{ method: 'POST', path }],
  decodeRequest: readOpenAiResponsesRequest,
  encodeRequest: (request, target) => (request.dialect === openAiResponsesId && !goesOn(request) ? ownWire(request, target, path, false) : writeOpenAiResponsesRequest(request, target, path)),
  decodeResponse: ({ stream, relay }) => {
    if (relay) return stream ? new StreamRelay(rules) : new BodyRelay(rules);
    return stream ? new ResponsesEventReader() : new ResponsesBodyReader();
  },
  encodeResponse: (context) => {
    const { requestId, stream } = context;
    if (context.relay) return new RelayWriter(context, { contentType: stream ? eventStream : json, closing: closingEvent, errorText: (error) => responsesErrorEvent(error, requestId) });
    return stream ? new ResponsesEventWriter(context) : new ResponsesBodyWriter(context);
  },
  encodeError: openAiError,
};
