/** What Ollama's two inference dialects do alike: answers in both directions, errors, and the relay. */
import type { ChatRequest } from '../core/request.ts';
import type { InferenceDialect, Target, WireCall } from './dialect.ts';
import { type OllamaShape, readOllamaReason, readOllamaUsage } from './ollama-answer.ts';
import { ollamaError, ollamaErrorLine } from './ollama-error.ts';
import { OllamaBodyReader, OllamaLineReader } from './ollama-reader.ts';
import { json, ndjson, OllamaBodyWriter, OllamaLineWriter } from './ollama-writer.ts';
import { ownWire } from './own-wire.ts';
import { BodyRelay, type RelayRules, StreamRelay } from './relay.ts';
import { RelayWriter } from './relay-writer.ts';
import { isObject } from '../util/json-object.ts';

const rules: RelayRules = {
  telling: /"error"|"done"\s*:\s*true/,
  beginning: /^\s*\{/m,
  payloadOf: (line) => (line.trim() === '' ? null : line),
  endMark: null,
  finishReason: (value) => (value.done === true ? readOllamaReason(value.done_reason, false) : null),
  usage: readOllamaUsage,
  thoughtChars: ({ message, thinking }) => {
    const thought = isObject(message) ? message.thinking : thinking;
    return typeof thought === 'string' ? thought.length : 0;
  },
};

/** What closes a line that was cut. */
function closing(tail: string): string {
  return tail === '' || tail.endsWith('\n') ? '' : '\n';
}

/** Where the two differ. */
export interface OllamaApi {
  readonly id: string;
  readonly path: string;
  readonly shape: OllamaShape;
  decodeRequest(text: string): ChatRequest;
  /** A request of another dialect. */
  encodeForeign(request: ChatRequest, target: Target): WireCall;
}

export function ollamaDialect({ id, path, shape, decodeRequest, encodeForeign }: OllamaApi): InferenceDialect<ChatRequest> {
  return {
    kind: 'inference',
    id,
    task: 'chat',
    refusesLong: true,
    saysContext: true,
    routes: [{ method: 'POST', path }],
    decodeRequest,
    encodeRequest: (request, target) => (request.dialect === id ? ownWire(request, target, path, true) : encodeForeign(request, target)),
    decodeResponse: ({ stream, relay }) => {
      if (relay) return stream ? new StreamRelay(rules) : new BodyRelay(rules);
      return stream ? new OllamaLineReader(shape) : new OllamaBodyReader(shape);
    },
    encodeResponse: (context) => {
      const { requestId, stream } = context;
      if (context.relay) return new RelayWriter(context, { contentType: stream ? ndjson : json, closing, errorText: (error) => ollamaErrorLine(error, requestId) });
      return stream ? new OllamaLineWriter(context, shape) : new OllamaBodyWriter(context, shape);
    },
    encodeError: ollamaError,
  };
}
