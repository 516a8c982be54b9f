/** Writes a started answer to the caller, in the caller's dialect. */
import { RouterError } from '../core/errors.ts';
import type { StreamPart, Usage } from '../core/stream.ts';
import type { AnswerContext, InferenceDialect, ResponseEncoder } from '../dialects/dialect.ts';
import { charsPerToken, tokensOfChars } from '../util/estimate-tokens.ts';
import type { TokenMeter } from '../telemetry/telemetry.ts';
import { joinBytes } from '../util/join-bytes.ts';
import type { StartedAnswer } from './answer.ts';
import { AnswerFigures } from './answer-figures.ts';
import type { AnswerWatcher, Reply } from './pipeline.ts';

/** Thrown when the answer broke after bytes of it were sent: the caller has been told, nothing may follow. */
export class AnswerInterrupted extends Error {
  readonly error: RouterError;
  /** What was used until then: the backend's figures where it gave any, else the router's own count. */
  readonly usage: Usage;

  constructor(error: RouterError, usage: Usage = {}) {
    super(error.message);
    this.error = error;
    this.usage = usage;
  }
}

/** The watcher sees what the encoder is given. */
function watched(encoder: ResponseEncoder, watcher: AnswerWatcher): ResponseEncoder {
  return {
    contentType: encoder.contentType,
    push(part) {
      watcher.take(part);
      return encoder.push(part);
    },
    end: () => encoder.end(),
    error: (error) => encoder.error(error),
  };
}

/** Resolves with what the backend said it used; `meter` is told of what a model writes while it passes. Rejects with a RouterError while nothing was sent, with AnswerInterrupted after. */
export function respond(dialect: InferenceDialect, answer: StartedAnswer, context: AnswerContext, reply: Reply, headers: (figures?: AnswerFigures) => Record<string, string>, watcher: AnswerWatcher | null, meter: TokenMeter): Promise<Usage> {
  const encoder = watcher === null ? dialect.encodeResponse(context) : watched(dialect.encodeResponse(context), watcher);
  // Known at the end for pictures, which say themselves what they are.
  const contentType = (): string => (answer.relay && answer.contentType !== '' ? answer.contentType : encoder.contentType);
  return answer.streamed || context.stream
    ? respondStream(encoder, answer, reply, watcher, new Progress(context.request.task === 'chat' ? meter : null), () => Object.assign(headers(), { 'content-type': contentType(), 'cache-control': 'no-cache' }))
    : respondWhole(encoder, answer, reply, watcher, (bytes, figures) => Object.assign(headers(figures), { 'content-type': contentType(), 'content-length': String(bytes) }));
}

async function respondWhole(encoder: ResponseEncoder, answer: StartedAnswer, reply: Reply, watcher: AnswerWatcher | null, headers: (bytes: number, figures: AnswerFigures) => Readonly<Record<string, string>>): Promise<Usage> {
  const pieces: (string | Uint8Array)[] = [];
  const figures = new AnswerFigures();
  for (let parts: readonly StreamPart[] | null = answer.first; parts !== null; ) {
    for (const part of parts) {
      if (part.type === 'error') throw part.error;
      figures.take(part);
      const bytes = encoder.push(part);
      if (bytes !== null) pieces.push(bytes);
    }
    const next = answer.next();
    parts = next instanceof Promise ? await next : next;
  }
  if (watcher !== null) await watcher.complete();
  const last = encoder.end();
  if (last !== null) pieces.push(last);
  const body = joinBytes(pieces);
  reply.head(200, headers(Buffer.byteLength(body), figures));
  reply.end(body);
  return figures.usage;
}

async function respondStream(encoder: ResponseEncoder, answer: StartedAnswer, reply: Reply, watcher: AnswerWatcher | null, progress: Progress, headers: () => Readonly<Record<string, string>>): Promise<Usage> {
  if (!reply.headSent) reply.head(200, headers());
  try {
    await writeParts(encoder, answer, reply, progress);
    if (watcher !== null) await watcher.complete();
  } catch (thrown) {
    const told = thrown instanceof AnswerInterrupted;
    const error = interruption(told ? thrown.error : thrown);
    const words = told ? undefined : encoder.error(error);
    if (error.code === 'cancelled' || words === '') reply.destroy();
    else reply.end(words);
    throw new AnswerInterrupted(error, progress.usageSoFar(answer));
  }
  reply.end(encoder.end() ?? undefined);
  return progress.usageSoFar(answer);
}

/** Counts what has passed, for an answer that does not come to its end. */
class Progress {
  usage: Usage = {};
  readonly #meter: TokenMeter | null;
  #chars = 0;
  #chunks = 0;

  /** The meter is null where the chunks do not hold what a model wrote, and cannot be counted as tokens. */
  constructor(meter: TokenMeter | null) {
    this.#meter = meter;
  }

  take(part: StreamPart): void {
    if (part.type === 'raw') {
      if (!part.content) return;
      this.#chunks += 1;
      this.#meter?.passed(1);
    } else if (part.type === 'text-delta' || part.type === 'reasoning-delta') {
      this.#chars += part.text.length;
      this.#meter?.passed(part.text.length / charsPerToken);
    }
    else if (part.type === 'finish') this.usage = part.usage;
  }

  /** A relayed chunk carries a token as a rule. */
  usageSoFar(answer: StartedAnswer): Usage {
    const counted = this.#meter !== null ? { completionTokens: this.#chunks + tokensOfChars(this.#chars) } : {};
    return { ...counted, ...answer.usage(), ...this.usage };
  }
}

/** Rejects with AnswerInterrupted when the backend's own words, passed on unchanged, have told the caller of the failure. */
async function writeParts(encoder: ResponseEncoder, answer: StartedAnswer, reply: Reply, progress: Progress): Promise<void> {
  for (let parts: readonly StreamPart[] | null = answer.first; parts !== null; ) {
    for (const part of parts) {
      progress.take(part);
      if (part.type === 'error') throw answer.relay ? new AnswerInterrupted(part.error) : part.error;
      const bytes = encoder.push(part);
      const room = bytes === null ? undefined : reply.write(bytes);
      if (room !== undefined) await room;
    }
    const next = answer.next();
    parts = next instanceof Promise ? await next : next;
  }
}

function interruption(thrown: unknown): RouterError {
  if (thrown instanceof RouterError) {
    if (thrown.code === 'cancelled' || thrown.code === 'stream_interrupted') return thrown;
    return new RouterError('stream_interrupted', `The answer broke off: ${thrown.message}`, { ...thrown.details, cause: thrown });
  }
  return new RouterError('stream_interrupted', 'The answer broke off inside the router; its log has the details.', { cause: thrown });
}
