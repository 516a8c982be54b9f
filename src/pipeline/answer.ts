/** Starts an answer on one backend and reads it as parts, up to the first one that carries something. */
import type { Placement } from '../core/placement.ts';
import { RouterError, toRouterError } from '../core/errors.ts';
import type { InferenceRequest } from '../core/request.ts';
import type { StreamPart, Usage } from '../core/stream.ts';
import type { UpstreamAnswer } from '../backends/backend.ts';
import type { InferenceDialect, ResponseDecoder, WireCall } from '../dialects/dialect.ts';
import type { ServingBackend } from './pipeline.ts';

/** An answer that has begun: its first parts are here, the rest is read. */
export interface StartedAnswer {
  readonly contentType: string;
  /** Same dialect on both sides: bytes pass unchanged. */
  readonly relay: boolean;
  /** Does the backend really stream? It may answer a streamed request with one JSON body. */
  readonly streamed: boolean;
  readonly rewrites: readonly string[];
  readonly first: readonly StreamPart[];
  /** The next parts, at least one read of the backend; null at the end. Rejects like ByteSource and ResponseDecoder do. */
  next(): readonly StreamPart[] | null | Promise<readonly StreamPart[] | null>;
  /** What the backend has said of its usage so far. */
  usage(): Usage;
  /** Nobody will read on: closes the connection unless the answer has ended. */
  cancel(): void;
}

export interface StartOptions {
  readonly caller: InferenceDialect;
  /** The one spoken with the backend. */
  readonly dialect: InferenceDialect;
  readonly backend: ServingBackend;
  readonly placement: Placement;
  readonly request: InferenceRequest;
  /** The request as `dialect` says it to this backend. */
  readonly call: WireCall;
  readonly signal: AbortSignal;
}

/** Rejects with a RouterError while another backend may still be tried. */
export async function startAnswer(options: StartOptions): Promise<StartedAnswer> {
  const { caller, dialect, backend, request, call } = options;
  const relay = dialect === caller || dialect.id === caller.answersLike;
  let cancel = (): void => {};
  try {
    const upstream = await backend.executor.execute(call, options.signal);
    cancel = () => upstream.body.cancel?.();
    const streamed = request.stream && !upstream.contentType.startsWith('application/json');
    const decoder = dialect.decodeResponse({ stream: streamed, relay, contentType: upstream.contentType });
    const next = reader(upstream, decoder);
    const first = firstParts(next);
    return { contentType: upstream.contentType, relay, streamed, rewrites: call.rewrites, first: first instanceof Promise ? await first : first, next, usage: () => decoder.usage?.() ?? {}, cancel };
  } catch (thrown) {
    cancel();
    throw unseen(lacksApi(thrown, options));
  }
}

/** A preamble without a word behind it: nothing of it has been seen, and another backend may be tried. */
function unseen(thrown: unknown): unknown {
  if (!(thrown instanceof RouterError) || thrown.code !== 'stream_interrupted') return thrown;
  return new RouterError('backend_protocol', thrown.message, { ...thrown.details, cause: thrown });
}

/** Not every server of a kind has the APIs beside chat and embeddings: to lack one is no failure, and others may have it. */
function lacksApi(thrown: unknown, { dialect, backend }: StartOptions): unknown {
  if (!(thrown instanceof RouterError) || thrown.details.noSuchApi !== true || dialect.task === 'chat' || dialect.task === 'embedding') return thrown;
  const { id } = backend.settings;
  return new RouterError('not_supported', `Backend ${id} takes no ${dialect.id} requests: ${thrown.message}`, { backend: id, cause: thrown });
}

/** Reads until something was generated, the answer ended, or the backend reported an error (which is thrown). */
function firstParts(next: StartedAnswer['next'], before: readonly StreamPart[] = []): readonly StreamPart[] | Promise<readonly StreamPart[]> {
  let gathered = before;
  for (;;) {
    const given = next();
    if (given instanceof Promise) return given.then((parts) => (parts === null ? gathered : begun(parts) ? [...gathered, ...parts] : firstParts(next, [...gathered, ...parts])));
    if (given === null) return gathered;
    const enough = begun(given);
    gathered = gathered.length === 0 ? given : [...gathered, ...given];
    if (enough) return gathered;
  }
}

/** Throws the error that the backend reported before anything else. */
function begun(parts: readonly StreamPart[]): boolean {
  let content = false;
  for (const part of parts) {
    if (part.type === 'error') throw part.error;
    content ||= part.type !== 'raw' || part.content;
  }
  return content;
}

function reader(upstream: UpstreamAnswer, decoder: ResponseDecoder): StartedAnswer['next'] {
  let ended = false;
  const decode = (chunks: readonly Uint8Array[] | null): readonly StreamPart[] => {
    if (chunks === null) {
      ended = true;
      return decoder.end();
    }
    const only = chunks.length === 1 ? chunks[0] : undefined;
    return only === undefined ? chunks.flatMap((chunk) => decoder.push(chunk)) : decoder.push(only);
  };
  // A connection that breaks after the end of the answer took nothing away from it.
  const broken = (thrown: unknown): readonly StreamPart[] => {
    if (ended || decoder.openEnded === true || toRouterError(thrown).code === 'cancelled') throw thrown;
    try {
      return decode(null);
    } catch {
      throw thrown;
    }
  };
  // What has arrived already is given without a wait: most answers are there as a whole.
  return () => {
    if (ended) return null;
    let chunks: ReturnType<typeof upstream.body.read>;
    try {
      chunks = upstream.body.read();
    } catch (thrown) {
      return broken(thrown);
    }
    return chunks instanceof Promise ? chunks.then(decode, broken) : decode(chunks);
  };
}
