/** What Ollama's two inference dialects do alike: answers in both directions, errors, and the relay. */
import type { InferenceDialect } from './dialect.ts';
import { type OllamaShape, readOllamaReason, readOllamaUsage } from './ollama-answer.ts';
import { ollamaError, ollamaErrorLine } from './ollama-error.ts';
import { OllamaBodyReader, OllamaLineReader } from './ollama-reader.ts';
import { json, ndjson, OllamaBodyWriter, OllamaLineWriter } from './ollama-writer.ts';
import { BodyRelay, type RelayRules, StreamRelay } from './relay.ts';
import { RelayWriter } from './relay-writer.ts';

const rules: RelayRules = {
  telling: /"error"|"done"\s*:\s*true/,
  beginning: /^\s*\{/m,
  payloadOf: (line) => (line.trim() === '' ? null : line),
  endMark: null,
  finishReason: (value) => (value.done === true ? readOllamaReason(value.done_reason, false) : null),
  usage: readOllamaUsage,
};

/** What closes a line that was cut. */
function closing(tail: string): string {
  return tail === '' || tail.endsWith('\n') ? '' : '\n';
}

export function ollamaAnswers(shape: OllamaShape): Pick<InferenceDialect, 'decodeResponse' | 'encodeResponse' | 'encodeError'> {
  return {
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
