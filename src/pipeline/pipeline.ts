/** What the pipeline offers, and what it needs from the brain: one function from bytes to bytes. Types only. */
import type { RouterError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { Candidate } from '../core/placement.ts';
import type { Owner, Plane, Principal } from '../core/principal.ts';
import type { ChatRequest, Classification, InferenceRequest } from '../core/request.ts';
import type { StreamPart } from '../core/stream.ts';
import type { BackendKind, BackendSettings, Executor, ProbeClient } from '../backends/backend.ts';
import type { AnswerContext, InferenceDialect, Target } from '../dialects/dialect.ts';
import type { Decision, Entry } from '../routing/routing.ts';

/** Where an answer goes: a socket, or a job's result. */
export interface Reply {
  readonly headSent: boolean;
  head(status: number, headers: Readonly<Record<string, string>>): void;
  /** Resolves when more may be written; undefined when at once. */
  write(bytes: string | Uint8Array): Promise<void> | undefined;
  end(bytes?: string | Uint8Array): void;
  /** Breaks the connection off, so that what was sent cannot look complete. */
  destroy(): void;
  /** Told of a failure before it is written, for whoever needs more than its bytes. */
  failed?(error: RouterError): void;
}

export interface InferenceCall {
  readonly requestId: string;
  readonly dialect: InferenceDialect;
  readonly body: string;
  /** Of the body, for dialects that take forms. */
  readonly contentType?: string;
  readonly plane: Plane;
  readonly principal: Principal;
  /** Told what was used, for the caller's own limit. */
  readonly spend?: ((tokens: number) => void) | undefined;
  /** Aborted when the caller leaves or the job is cancelled. */
  readonly signal: AbortSignal;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** W3C trace context of a caller who traces too. */
  readonly traceparent?: string;
  /** `X-OAR-Backend` of the request: that backend or 503 (ruling 9). */
  readonly wantedBackend?: string;
  /** Of the header `X-Herd-Tags`, as they were written. */
  readonly tags?: readonly string[];
  /** `X-OAR-Substitution: never`: no other model may serve. */
  readonly noSubstitution?: boolean;
  /** Set when a gateway has chosen the model: it says what the request is about, and tells its caller of the decision itself. */
  readonly gateway?: { classify(request: InferenceRequest): Classification };
  /** Set when a job is run: never a 202, waits without a deadline, reports its start (false: do not run it). */
  readonly job?: { readonly record: Job; readonly started: () => Promise<boolean> };
}

/** Never rejects: every failure is written to the reply, in the caller's dialect. */
export type Handle = (call: InferenceCall, reply: Reply) => Promise<void>;

export interface DecideOptions {
  /** No model may serve that nobody asked for, whatever `router.substitution` says. */
  readonly strict: boolean;
}

/** The pure decisions of `routing/` over the present configuration and fleet, bound by the app. */
export interface Brain {
  /** Null when the request names its model: then nothing is routed by task (ruling 1). Throws `unknown_model`. */
  classify(request: InferenceRequest, signal: AbortSignal): Promise<Classification> | Classification | null;
  /** Throws `no_capacity`, `context_overflow`, `unknown_model`. */
  decide(request: InferenceRequest, classification: Classification | null, options?: DecideOptions): Decision;
  /** Every backend that may serve these models, in the models' order; only the wanted one when there is one. */
  candidates(models: readonly string[], wantedBackend: string | undefined): readonly Candidate[];
  /** What the scheduler must know of the request to let it wait among others; `candidatesNow` is asked while it does. */
  entry(call: InferenceCall, request: InferenceRequest, candidates: readonly Candidate[], again: boolean, candidatesNow?: Entry['candidatesNow']): Entry;
  /** After how long of waiting the request becomes a job instead; null: never (ruling 2). */
  jobAfterMs(call: InferenceCall, request: InferenceRequest): number | null;
  /** How long one execution may take; null: as long as it needs. */
  executionMs(call: InferenceCall, request: InferenceRequest, modelKey: string): number | null;
  /** How many tokens the prompt has, as far as the router can tell. */
  promptTokens(request: InferenceRequest): number;
  /** The context that the model has where it is loaded, in tokens; null: not known. */
  contextTokens(candidate: Candidate): number | null;
  /** What the wire must say for this candidate. */
  target(request: InferenceRequest, candidate: Candidate): Target;
  /** Headers that tell of a prompt longer than the context it is read with; null: it fits, or nobody knows. */
  overflowHeaders(request: InferenceRequest, candidate: Candidate, target: Target): Readonly<Record<string, string>> | null;
  /** Does the non-streamed answer carry the `router` object? (ruling 10) */
  showsRouter(request: InferenceRequest, decision: Decision): boolean;
}

/** One server that can be sent work. */
export interface ServingBackend {
  readonly settings: BackendSettings;
  readonly kind: BackendKind;
  readonly executor: Executor;
  /** For orders that are no inference: loading a model, letting it go. */
  probeClient(signal: AbortSignal): ProbeClient;
}

/** A request made ready for one backend. */
export interface Prepared {
  readonly request: InferenceRequest;
  /** Names of what was changed. */
  readonly rewrites: readonly string[];
  /** Further headers of the answer, that say what was dropped. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is done to a request before it goes to a backend: stable prefixes, pictures fetched, turns dropped. */
export interface Preparation {
  /** Throws `invalid_request` for what must not be fetched. */
  prepare(request: InferenceRequest, backend: ServingBackend, signal: AbortSignal): Prepared | Promise<Prepared>;
  /** A shorter request after the backend found this one too long; null: none is allowed, or nothing may be dropped. */
  shorten(request: InferenceRequest, overflow: RouterError): Prepared | null;
}

/** Sees each part of one answer on its way to the caller. */
export interface AnswerWatcher {
  take(part: StreamPart): void;
  /** The answer is complete; its end is written when this has resolved. */
  complete(): Promise<void> | void;
}

/** Conversations that the router remembers for its callers. */
export interface Conversations {
  /** The request with what went before it. Rejects with `not_found` for what is not there, or belongs to somebody else. */
  recall(request: ChatRequest, owner: Owner): Promise<ChatRequest>;
  /** Remembers the answer to a request, under the id that its dialect gives it; null when it is not to be kept. */
  watch(call: InferenceCall, request: ChatRequest, context: AnswerContext): AnswerWatcher | null;
}
