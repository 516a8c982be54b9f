/** The connections to one backend, with its address and headers: what executors and probes send through. */
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import type { BackendKind, BackendSettings, UpstreamAnswer, UpstreamRequest } from './backend.ts';
import { guardedConnector } from './guarded-connector.ts';
import { Pool } from './undici-parts.ts';
import { UpstreamCall, type CallTerms } from './upstream-call.ts';

/** Headers that belong to the connection, not to a setting. */
const connectionHeaders = new Set(['connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade']);

const mostPaths = 64;

type SendOptions = Pick<UpstreamRequest, 'unlimited' | 'anyStatus'>;

export interface LinkOptions {
  readonly connections: number;
  /** How long an unused connection is kept; below the 5 s after which many servers close theirs. */
  readonly keepAliveMs: number;
}

export class UpstreamLink {
  readonly #pool: InstanceType<typeof Pool>;
  readonly #settings: BackendSettings;
  readonly #kind: BackendKind;
  readonly #headers: string[];
  readonly #terms: CallTerms;
  readonly #paths = new Map<string, string>();

  constructor(settings: BackendSettings, kind: BackendKind, clock: Clock, options: LinkOptions) {
    this.#settings = settings;
    this.#kind = kind;
    this.#headers = requestHeaders(settings, kind);
    this.#terms = {
      backendId: settings.id,
      timeouts: settings.timeouts,
      clock,
      readRefusal: (status, body, retryAfter) => withRetryAfter(kind.readError(status, body, settings), retryAfter, clock),
    };
    this.#pool = new Pool(new URL(settings.url).origin, {
      connections: options.connections,
      pipelining: 1,
      // A model may take minutes to load or to think; CallTimer holds the limits.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: options.keepAliveMs,
      keepAliveMaxTimeout: 600_000,
      connect: guardedConnector(settings.timeouts.connectMs),
    });
  }

  /** `path` is the dialect's own. Resolves on a 2xx head, or any that the options take; rejects with a RouterError. */
  send(method: Dispatcher.HttpMethod, path: string, body: string | Buffer | Readable | null, signal: AbortSignal, contentType?: string, options?: SendOptions): Promise<UpstreamAnswer> {
    const call = new UpstreamCall(options === undefined ? this.#terms : withOptions(this.#terms, options), signal);
    const headers = contentType === undefined ? this.#headers : withContentType(this.#headers, contentType);
    if (!signal.aborted) this.#pool.dispatch({ method, path: this.#pathFor(path), headers, body }, call);
    return call.answer;
  }

  /** Lets what is under way end. */
  async retire(): Promise<void> {
    await this.#pool.close().catch(() => {});
  }

  /** Ends everything that is still under way. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  #pathFor(path: string): string {
    const known = this.#paths.get(path);
    if (known !== undefined) return known;
    const url = new URL(this.#kind.urlFor(this.#settings, path));
    const full = `${url.pathname}${url.search}`;
    // Names of files are paths too, and callers may make up any number of those.
    if (this.#paths.size < mostPaths) this.#paths.set(path, full);
    return full;
  }
}

function withOptions(terms: CallTerms, { unlimited = false, anyStatus = false }: SendOptions): CallTerms {
  return { ...terms, anyStatus, timeouts: unlimited ? { ...terms.timeouts, firstByteMs: 0, idleMs: 0, totalMs: 0 } : terms.timeouts };
}

/** The list begins with the content type. */
function withContentType(headers: readonly string[], contentType: string): string[] {
  return [headers[0] ?? 'content-type', contentType, ...headers.slice(2)];
}

/** Only ours and the settings': nothing of a caller's request is passed on. */
function requestHeaders(settings: BackendSettings, kind: BackendKind): string[] {
  const headers = new Map([['content-type', 'application/json'], ['accept', 'application/json, text/event-stream, application/x-ndjson, */*;q=0.5']]);
  for (const [name, value] of Object.entries(kind.headersFor?.(settings) ?? authorizationOf(settings))) headers.set(name, value);
  for (const [name, value] of Object.entries(settings.headers ?? {})) {
    const lowerCase = name.toLowerCase();
    if (!connectionHeaders.has(lowerCase)) headers.set(lowerCase, value);
  }
  return [...headers].flat();
}

function authorizationOf(settings: BackendSettings): Readonly<Record<string, string>> {
  if (settings.apiKey) return { authorization: `Bearer ${settings.apiKey}` };
  const { username, password } = new URL(settings.url);
  if (username === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/** The server's own `Retry-After`, seconds or a date, instead of a guess. */
function withRetryAfter(error: RouterError, retryAfter: string | undefined, clock: Clock): RouterError {
  if (retryAfter === undefined || error.details.retryAfterMs === undefined) return error;
  const waitMs = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - clock.now();
  if (!Number.isFinite(waitMs) || waitMs <= 0) return error;
  return new RouterError(error.code, error.message, { ...error.details, retryAfterMs: waitMs });
}
