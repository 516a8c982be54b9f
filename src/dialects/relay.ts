/** Passes an answer on unchanged to a caller of the same dialect, watching only for its end, its counts and its failure. */
import { RouterError } from '../core/errors.ts';
import type { FinishReason, StreamPart, Usage } from '../core/stream.ts';
import { WholeLines } from '../util/line-splitter.ts';
import type { ResponseDecoder } from './dialect.ts';
import type { Fields } from './read-fields.ts';
import { readUpstreamError } from './upstream-error.ts';
import { parseObject } from '../util/json-object.ts';

/** What a dialect must tell about its wire. */
export interface RelayRules {
  /** Finds any line worth a closer look, in bytes read as Latin-1. Must not match ordinary lines: the rest costs time. */
  readonly telling: RegExp;
  /** Finds the first line that belongs to an answer of this API; blank lines, comments and other text before it are none. */
  readonly beginning: RegExp;
  /** The payload of a line (an SSE `data:`), null when it carries none. */
  payloadOf(line: string): string | null;
  /** A payload that ends the stream and is no JSON (`[DONE]`). */
  readonly endMark: string | null;
  /** Null while the object ends nothing. */
  finishReason(value: Fields): FinishReason | null;
  usage(value: Fields): Usage;
  /** Characters of thinking in a whole answer; absent: none are told apart. */
  thoughtChars?(value: Fields): number;
  /** What an object reports as a failure; absent: its `error` member. */
  failure?(value: Fields): RouterError | null;
}

const nothing: readonly StreamPart[] = [];

/** Streams: whole lines in, the same bytes out; about 0.3 microseconds for an ordinary chunk. */
export class StreamRelay implements ResponseDecoder {
  readonly #lines = new WholeLines();
  readonly #rules: RelayRules;
  #begun = false;
  #ended = false;
  #reason: FinishReason | null = null;
  #usage: Usage = {};

  constructor(rules: RelayRules) {
    this.#rules = rules;
  }

  push(chunk: Uint8Array): readonly StreamPart[] {
    const whole = this.#lines.push(chunk);
    if (whole === null) return nothing;
    const bytes = asBuffer(whole);
    const text = bytes.toString('latin1');
    this.#begun ||= this.#rules.beginning.test(text);
    const raw: StreamPart = { type: 'raw', wire: whole, content: this.#begun };
    if (!this.#rules.telling.test(text)) return [raw];
    const error = this.#look(bytes.toString());
    return error === null ? [raw] : [raw, { type: 'error', error }];
  }

  end(): readonly StreamPart[] {
    const rest = this.#lines.rest();
    if (rest.length > 0 && !this.#complete()) this.#lookAtLast(asBuffer(rest).toString());
    if (!this.#complete()) throw interrupted(this.#begun);
    const finish: StreamPart = { type: 'finish', reason: this.#reason ?? 'stop', usage: this.#usage };
    return rest.length === 0 ? [finish] : [{ type: 'raw', wire: rest, content: this.#begun }, finish];
  }

  usage(): Usage {
    return this.#usage;
  }

  #complete(): boolean {
    return this.#ended || this.#reason !== null;
  }

  #look(text: string): RouterError | null {
    for (const line of text.split('\n')) {
      const payload = this.#rules.payloadOf(line);
      if (payload === null) continue;
      if (payload === this.#rules.endMark) this.#ended = true;
      else {
        const error = this.#read(parseObject(payload));
        if (error) return error;
      }
    }
    return null;
  }

  /** A last line without its line end counts only when it is certainly not cut. */
  #lookAtLast(text: string): void {
    const payload = this.#rules.payloadOf(text.trimEnd());
    if (payload === null) return;
    if (payload === this.#rules.endMark) this.#ended = true;
    else this.#read(parseObject(payload));
  }

  #read(value: Fields | null): RouterError | null {
    if (value === null) return null;
    this.#usage = { ...this.#usage, ...this.#rules.usage(value) };
    this.#reason = this.#rules.finishReason(value) ?? this.#reason;
    return this.#complete() ? null : (this.#rules.failure ?? readUpstreamError)(value);
  }
}

/** Bodies: gathered, checked to be a JSON object, and passed on unchanged. */
export class BodyRelay implements ResponseDecoder {
  readonly #chunks: Uint8Array[] = [];
  readonly #rules: RelayRules;

  constructor(rules: RelayRules) {
    this.#rules = rules;
  }

  push(chunk: Uint8Array): readonly StreamPart[] {
    this.#chunks.push(chunk);
    return nothing;
  }

  end(): readonly StreamPart[] {
    const wire = this.#chunks.length === 1 && this.#chunks[0] ? this.#chunks[0] : Buffer.concat(this.#chunks);
    const value = parseAnswer(asBuffer(wire).toString());
    const reason = this.#rules.finishReason(value);
    const error = reason === null ? (this.#rules.failure ?? readUpstreamError)(value) : null;
    if (error) return [{ type: 'error', error }];
    const thoughtChars = this.#rules.thoughtChars?.(value) ?? 0;
    return [
      { type: 'raw', wire, content: true },
      { type: 'finish', reason: reason ?? 'stop', usage: this.#rules.usage(value), ...(thoughtChars > 0 ? { thoughtChars } : {}) },
    ];
  }
}

/** A whole answer's JSON. Throws `backend_protocol` when it is not an object. */
export function parseAnswer(text: string): Fields {
  const value = parseObject(text);
  if (value) return value;
  throw new RouterError('backend_protocol', text.trim() === '' ? 'The backend answered with an empty body.' : 'The backend answered with something that is not a JSON object.');
}

/** For a stream that stopped before its end; one that never began may still be asked of another backend. */
export function interrupted(begun: boolean): RouterError {
  return begun
    ? new RouterError('stream_interrupted', 'The backend ended its answer before it was complete.')
    : new RouterError('backend_protocol', 'The backend ended its answer before it began.');
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
