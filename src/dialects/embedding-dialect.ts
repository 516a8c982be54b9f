/** What the embedding dialects do alike: one request, one whole answer, relayed or translated. */
import type { RouterError } from '../core/errors.ts';
import type { EmbeddingRequest } from '../core/request.ts';
import { bodyRules } from './body-rules.ts';
import type { AnswerContext, InferenceDialect, ResponseEncoder, Target, WireCall } from './dialect.ts';
import { EmbeddingReader, type EmbeddingShape, EmbeddingWriter, json } from './embedding-answer.ts';
import { BodyRelay } from './relay.ts';
import { RelayWriter } from './relay-writer.ts';

/** Where they differ. */
export interface EmbeddingApi {
  readonly id: string;
  readonly path: string;
  readonly shape: EmbeddingShape;
  /** As in `InferenceDialect`. */
  readonly saysContext?: boolean;
  decodeRequest(text: string): EmbeddingRequest;
  /** A request of this dialect. */
  encodeOwn(request: EmbeddingRequest, target: Target): WireCall;
  /** A request of another dialect. Throws `unsupported_feature` for what this one cannot say. */
  encodeForeign(request: EmbeddingRequest, target: Target): WireCall;
  encodeError(error: RouterError, requestId: string): Readonly<Record<string, unknown>>;
  /** Writes relayed answers; absent: as they are. */
  relayWriter?(context: AnswerContext, plain: ResponseEncoder): ResponseEncoder;
}

export function embeddingDialect(api: EmbeddingApi): InferenceDialect<EmbeddingRequest> {
  const { id, path, shape, encodeError } = api;
  const rules = bodyRules(shape.usage);
  const plainWriter = (context: AnswerContext): ResponseEncoder =>
    new RelayWriter(context, { contentType: json, closing: () => '', errorText: (error) => JSON.stringify(encodeError(error, context.requestId)) });
  return {
    kind: 'inference',
    id,
    task: 'embedding',
    saysContext: api.saysContext === true,
    routes: [{ method: 'POST', path }],
    decodeRequest: api.decodeRequest,
    encodeRequest: (request, target) => (request.dialect === id ? api.encodeOwn(request, target) : api.encodeForeign(request, target)),
    decodeResponse: ({ relay }) => (relay ? new BodyRelay(rules) : new EmbeddingReader(shape)),
    encodeResponse(context) {
      if (!context.relay) return new EmbeddingWriter(context, shape);
      return api.relayWriter?.(context, plainWriter(context)) ?? plainWriter(context);
    },
    encodeError,
  };
}
