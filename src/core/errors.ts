/** The whole list of errors a caller can meet; docs/errors.md is generated from it. */

type Family = 'caller' | 'access' | 'capacity' | 'backend' | 'stream' | 'job' | 'own';

interface CatalogueEntry {
  readonly status: number;
  readonly family: Family;
  /** May another backend be tried, as long as no part of an answer has been seen? */
  readonly retryElsewhere: boolean;
  readonly meaning: string;
}

export const errorCatalogue = {
  invalid_request: { status: 400, family: 'caller', retryElsewhere: false, meaning: 'The request is malformed or a field has the wrong type; `param` names it.' },
  unsupported_feature: { status: 400, family: 'caller', retryElsewhere: false, meaning: 'The serving backend cannot do what the request asks, and leaving it out would change the answer.' },
  context_overflow: { status: 400, family: 'caller', retryElsewhere: false, meaning: 'The prompt is longer than the context of every model that may serve it.' },
  unknown_model: { status: 404, family: 'caller', retryElsewhere: false, meaning: 'No backend has a model of this name and none is configured.' },
  not_found: { status: 404, family: 'caller', retryElsewhere: false, meaning: 'There is nothing at this address.' },
  method_not_allowed: { status: 405, family: 'caller', retryElsewhere: false, meaning: 'The address exists, but not for this method; see the `Allow` header.' },
  payload_too_large: { status: 413, family: 'caller', retryElsewhere: false, meaning: 'The body is larger than `server.requestBodyLimit`, a recording than `media.maxRecordingBytes`.' },
  unsupported_media_type: { status: 415, family: 'caller', retryElsewhere: false, meaning: 'The body is not JSON, or is compressed in a way that is not understood.' },
  not_supported: { status: 501, family: 'caller', retryElsewhere: true, meaning: 'No backend of this router offers the operation.' },
  unauthenticated: { status: 401, family: 'access', retryElsewhere: false, meaning: 'A key is required, or the one given is not valid.' },
  forbidden: { status: 403, family: 'access', retryElsewhere: false, meaning: 'The key is valid but may not do this.' },
  rate_limited: { status: 429, family: 'access', retryElsewhere: false, meaning: "The caller's own limit is reached; `Retry-After` says when to come back." },
  queue_full: { status: 503, family: 'capacity', retryElsewhere: false, meaning: 'Too many requests wait already; `Retry-After` says when to come back.' },
  queue_timeout: { status: 503, family: 'capacity', retryElsewhere: false, meaning: 'The request waited as long as it was allowed to and no backend became free.' },
  no_capacity: { status: 503, family: 'capacity', retryElsewhere: false, meaning: 'No configured model or backend can serve the request now; the message says why for each.' },
  shutting_down: { status: 503, family: 'capacity', retryElsewhere: false, meaning: 'The router is stopping and takes no new work.' },
  backend_unreachable: { status: 502, family: 'backend', retryElsewhere: true, meaning: 'The connection to the backend was refused or reset before an answer began.' },
  backend_protocol: { status: 502, family: 'backend', retryElsewhere: true, meaning: 'The backend answered with something that is not what its API promises.' },
  backend_failed: { status: 502, family: 'backend', retryElsewhere: true, meaning: "The backend answered with an error; its own message is passed on." },
  backend_rejected: { status: 400, family: 'backend', retryElsewhere: false, meaning: "The backend refused the request as invalid; its status and message are passed on." },
  backend_timeout: { status: 504, family: 'backend', retryElsewhere: true, meaning: 'The backend stayed silent for longer than the time limit.' },
  stream_interrupted: { status: 502, family: 'stream', retryElsewhere: false, meaning: 'The answer broke off after it had begun; what was sent is incomplete.' },
  job_not_found: { status: 404, family: 'job', retryElsewhere: false, meaning: 'There is no job with this id.' },
  job_expired: { status: 410, family: 'job', retryElsewhere: false, meaning: 'The job was cancelled, or its result was kept for its time to live and is gone.' },
  conflict: { status: 409, family: 'job', retryElsewhere: false, meaning: 'The thing was changed by someone else in the meantime.' },
  store_unavailable: { status: 503, family: 'own', retryElsewhere: false, meaning: 'The store could not be written; nothing was accepted.' },
  internal: { status: 500, family: 'own', retryElsewhere: false, meaning: 'The router itself failed; the log has the cause under the request id.' },
  cancelled: { status: 499, family: 'own', retryElsewhere: false, meaning: 'The caller left; never sent.' },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

export interface ErrorDetails {
  /** The field of the request that is wrong, as a path: `messages[0].role`. */
  readonly param?: string;
  /** How long to wait before trying again. */
  readonly retryAfterMs?: number;
  /** Replaces the catalogue's status; only for a backend's own refusal (400, 404, 422, 429 …). */
  readonly status?: number;
  /** The backend that failed, so that bodies can say whose failure it was. */
  readonly backend?: string;
  /** No connection could be made at all: whoever else asks this backend now will fare no better. */
  readonly noConnection?: boolean;
  /** The backend has nothing at the address it was asked at, or does not offer what belongs there. */
  readonly noSuchApi?: boolean;
  /** The backend has too much to do, or is still loading: load, and no sign that it is broken. */
  readonly busy?: boolean;
  /** There is no backend at all. */
  readonly noBackends?: boolean;
  /** For `context_overflow`: how long the prompt and the context are, in the backend's own tokens, as far as it said. */
  readonly overflow?: { readonly promptTokens?: number; readonly contextTokens?: number };
  /** The error type or code in the backend's own words. */
  readonly upstreamType?: string;
  /** Further headers of the answer, such as what is left of a limit. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Methods that the address does take, for `method_not_allowed`. */
  readonly allow?: readonly string[];
  /** The backend sent nothing for longer than its limits allow, and the request was ended for it. */
  readonly silent?: boolean;
  /** The name stands for several things, of which the caller has to choose one. */
  readonly ambiguous?: boolean;
  /** Do not try elsewhere, whatever the catalogue says: the request's own time is used up. */
  readonly final?: boolean;
  readonly cause?: unknown;
}

/** The only error that leaves a room on purpose. `message` is for the caller and says what to do. */
export class RouterError extends Error {
  override readonly name = 'RouterError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return this.details.status ?? errorCatalogue[this.code].status;
  }

  get retryElsewhere(): boolean {
    return errorCatalogue[this.code].retryElsewhere && this.details.final !== true;
  }
}

/** Anything thrown becomes a RouterError; what is not one already is `internal`, with its cause kept. */
export function toRouterError(thrown: unknown): RouterError {
  if (thrown instanceof RouterError) return thrown;
  return new RouterError('internal', 'The router failed to handle this request; its log has the details.', { cause: thrown });
}
