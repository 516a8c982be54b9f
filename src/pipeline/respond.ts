/** Writes a started answer to the caller, in the caller's dialect. */
import { RouterError } from '../core/errors.ts';
import type { StreamPart, Usage } from '../core/stream.ts';
import type { AnswerContext, InferenceDialect, ResponseEncoder } from '../dialects/dialect.ts';
import { joinBytes } from '../util/join-bytes.ts';
import type { StartedAnswer } from './answer.ts';
import type { Reply } from './pipeline.ts';

/** Thrown when the answer broke after bytes of it were sent: the caller has been told, nothing may follow. */
export class AnswerInterrupted extends Error {
  readonly error: RouterError;

  constructor(error: RouterError) {
    super(error.message);
    this.error = error;
  }
}

/** Resolves with what the backend said it used. Rejects with a RouterError while nothing was sent, with AnswerInterrupted after. */
export function respond(dialect: InferenceDialect, answer: StartedAnswer, context: AnswerContext, reply: Reply, headers: () => Record<string, string>): Promise<Usage> {
  const encoder = dialect.encodeResponse(context);
  const contentType = answer.relay && answer.contentType !== '' ? answer.contentType : encoder.contentType;
  return answer.streamed || context.stream
    ? respondStream(encoder, answer, reply, () => ({ 'content-type': contentType, 'cache-control': 'no-cache', ...headers() }))
    : respondWhole(encoder, answer, reply, (bytes) => Object.assign(headers(), { 'content-type': contentType, 'content-length': String(bytes) }));
}

async function respondWhole(encoder: ResponseEncoder, answer: StartedAnswer, reply: Reply, headers: (bytes: number) => Readonly<Record<string, string>>): Promise<Usage> {
  const pieces: (string | Uint8Array)[] = [];
  let usage: Usage = {};
  for (let parts: readonly StreamPart[] | null = answer.first; parts !== null; ) {
    for (const part of parts) {
      if (part.type === 'error') throw part.error;
      if (part.type === 'finish') usage = part.usage;
      const bytes = encoder.push(part);
      if (bytes !== null) pieces.push(bytes);
    }
    const next = answer.next();
    parts = next instanceof Promise ? await next : next;
  }
  const last = encoder.end();
  if (last !== null) pieces.push(last);
  const body = joinBytes(pieces);
  reply.head(200, headers(Buffer.byteLength(body)));
  reply.end(body);
  return usage;
}

async function respondStream(encoder: ResponseEncoder, answer: StartedAnswer, reply: Reply, headers: () => Readonly<Record<string, string>>): Promise<Usage> {
  if (!reply.headSent) reply.head(200, headers());
  let usage: Usage;
  try {
    usage = await writeParts(encoder, answer, reply);
  } catch (thrown) {
    const told = thrown instanceof AnswerInterrupted;
    const error = interruption(told ? thrown.error : thrown);
    if (error.code === 'cancelled') reply.destroy();
    else reply.end(told ? undefined : encoder.error(error));
    throw new AnswerInterrupted(error);
  }
  reply.end(encoder.end() ?? undefined);
  return usage;
}

/** Rejects with AnswerInterrupted when the backend's own words, passed on unchanged, have told the caller of the failure. */
async function writeParts(encoder: ResponseEncoder, answer: StartedAnswer, reply: Reply): Promise<Usage> {
  let usage: Usage = {};
  for (let parts: readonly StreamPart[] | null = answer.first; parts !== null; ) {
    for (const part of parts) {
      if (part.type === 'finish') usage = part.usage;
      if (part.type === 'error') throw answer.relay ? new AnswerInterrupted(part.error) : part.error;
      const bytes = encoder.push(part);
      const room = bytes === null ? undefined : reply.write(bytes);
      if (room !== undefined) await room;
    }
    const next = answer.next();
    parts = next instanceof Promise ? await next : next;
  }
  return usage;
}

function interruption(thrown: unknown): RouterError {
  if (thrown instanceof RouterError) {
    if (thrown.code === 'cancelled' || thrown.code === 'stream_interrupted') return thrown;
    return new RouterError('stream_interrupted', `The answer broke off: ${thrown.message}`, { ...thrown.details, cause: thrown });
  }
  return new RouterError('stream_interrupted', 'The answer broke off inside the router; its log has the details.', { cause: thrown });
}
