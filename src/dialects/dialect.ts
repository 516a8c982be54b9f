/** What a dialect is: one API of the outside world, read and written in both directions. Types only. */
import type { RouterError } from '../core/errors.ts';
import type { BackendState } from '../core/fleet.ts';
import type { InferenceRequest, Task } from '../core/request.ts';
import type { StreamPart, Usage } from '../core/stream.ts';

export interface RoutePath {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  /** `:name` matches one segment, a trailing `*name` the rest. */
  readonly path: string;
  /** Only for requests that carry this header; without any such the address is another dialect's. */
  readonly header?: string;
}

/** A request for a backend. `path` is the dialect's own (`/v1/chat/completions`); the backend maps it to its address. */
export interface WireCall {
  readonly path: string;
  readonly body: string;
  /** Absent: JSON. */
  readonly contentType?: string;
  /** Each character of `body` is one byte. */
  readonly binary?: boolean;
  /** Names of what was changed beyond the model's name: `keep_alive`, `num_ctx`. */
  readonly rewrites: readonly string[];
}

/** What the router decided and the wire must say. Absent means: leave it as the caller had it. */
export interface Target {
  readonly model: string;
  readonly keepAlive?: string | number;
  /** For a caller who names none. */
  readonly contextLength?: number;
  /** Instead of the one that the caller names; null: none. */
  readonly otherContext?: number | null;
  /** A caller who cannot say a context would reload the model: it is put in another dialect, which can. */
  readonly saysContext?: boolean;
  /** Goes before the caller's limit of the answer's length. */
  readonly maxTokens?: number;
  /** The prompt may be longer than the context: the backend is to refuse it then, and not to cut it. */
  readonly refuseLong?: boolean;
}

/** Turns a backend's bytes into parts. `relay`: same dialect on both sides, so parts are `raw` (whole lines, unchanged) and one `finish`. */
export interface ResponseDecoder {
  /** Any cut of the bytes is fine, within a character too. Throws `backend_protocol` on what is not this dialect. */
  push(chunk: Uint8Array): readonly StreamPart[];
  /** The bytes ended. Throws `stream_interrupted` (streams) or `backend_protocol` when the answer is not complete. */
  end(): readonly StreamPart[];
  /** The bytes do not show whether they are complete: a connection that breaks took something away. */
  readonly openEnded?: boolean;
  /** What the backend has said of its usage so far, for an answer that does not come to its end. */
  usage?(): Usage;
}

export interface AnswerContext {
  readonly requestId: string;
  /** What was asked; an answer repeats parts of it in some APIs. */
  readonly request: InferenceRequest;
  readonly model: string;
  readonly stream: boolean;
  readonly relay: boolean;
  readonly includeUsage: boolean;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** The machine that answers, for APIs that name it. */
  readonly nodeId?: string;
  /** The `router` object of a non-streamed answer, asked for when the answer is complete; null: none is wanted. */
  readonly router: (() => Readonly<Record<string, unknown>>) | null;
}

/** Turns parts into the caller's bytes. A text that is not streamed comes whole from `end`. */
export interface ResponseEncoder {
  readonly contentType: string;
  /** Bytes to write now; null when the part adds none. In a relay only `raw` parts write, and they write unchanged. */
  push(part: StreamPart): string | Uint8Array | null;
  /** What closes a complete answer; null when nothing more is due. */
  end(): string | Uint8Array | null;
  /** What tells a caller, in the middle of a stream, that it broke (ruling 11). Nothing may be written after it. Empty: its bytes cannot tell, and the connection is broken off instead. */
  error(error: RouterError): string;
}

/** Speaks of one kind of request; the pipeline gives it no other. */
export interface InferenceDialect<Request extends InferenceRequest = InferenceRequest> {
  readonly kind: 'inference';
  readonly id: string;
  readonly task: Task;
  readonly routes: readonly RoutePath[];
  /** Bodies are forms with files, given to `decodeRequest` with one character for each byte. Absent: JSON. */
  readonly takesForms?: boolean;
  /** Only for models that are known to be able: its servers have others too, and would take the request for something else. */
  readonly onlyKnown?: boolean;
  /** Id of the dialect whose answers are its own as well: they pass as they are. */
  readonly answersLike?: string;
  /** A header of its answers that says how many milliseconds the backend took, beside `X-Fleet-Node` and `X-Fleet-Model`. */
  readonly timeHeader?: string;
  /** Carries prompts without a chat template, and `suffix`; among dialects of a backend it is the one for them. */
  readonly raw?: boolean;
  /** Can ask a backend to refuse a prompt that is too long; its neighbours among a backend's dialects cannot. */
  readonly refusesLong?: boolean;
  /** Can say which context a model is to be in memory with. */
  readonly saysContext?: boolean;
  /** Throws `invalid_request` naming the field. Unknown fields are kept, never refused. */
  decodeRequest(text: string, contentType?: string): Request;
  /** For a request of this same dialect: its own bytes with only the target's changes. Throws `unsupported_feature` for what cannot be said. */
  encodeRequest(request: Request, target: Target): WireCall;
  /** `contentType` is what the backend calls its answer. */
  decodeResponse(options: { readonly stream: boolean; readonly relay: boolean; readonly contentType?: string }): ResponseDecoder;
  encodeResponse(context: AnswerContext): ResponseEncoder;
  encodeError(error: RouterError, requestId: string): Readonly<Record<string, unknown>>;
}

/** What a listing may tell: only what is cached, so that it costs no backend any time. */
export interface CatalogueView {
  readonly backends: readonly BackendState[];
  /** Exact alias names and what they serve; `auto` is added by the listings themselves. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Names that are configured, whether or not a backend lists them. */
  readonly configured: readonly string[];
  readonly version: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
}

export interface CatalogueAnswer {
  readonly status: number;
  /** An object becomes JSON, a string is text. */
  readonly body: unknown;
}

/** An address that only tells what there is (`/v1/models`, `/api/tags`). */
export interface ListingDialect {
  readonly kind: 'listing';
  readonly id: string;
  readonly routes: readonly RoutePath[];
  /** Throws RouterErrors like a dialect does. `body` is the request's text, empty for GET. */
  answer(view: CatalogueView, request: { readonly path: string; readonly params: Readonly<Record<string, string>>; readonly body: string }): CatalogueAnswer;
  encodeError(error: RouterError, requestId: string): Readonly<Record<string, unknown>>;
}

export type Dialect = InferenceDialect | ListingDialect;
