/** Writes an answer of any format as it comes from the backend. */
import type { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import type { AnswerContext, ResponseEncoder } from './dialect.ts';
import { openAiErrorEvent } from './openai-error.ts';

/** A failure is told in events, where the answer consists of events; a file that broke off is broken off. */
export class ByteWriter implements ResponseEncoder {
  /** For an answer whose backend names no type. */
  readonly contentType: string;
  readonly #requestId: string;
  #begun = false;
  #events = false;

  constructor({ requestId }: AnswerContext, contentType: string) {
    this.contentType = contentType;
    this.#requestId = requestId;
  }

  push(part: StreamPart): string | Uint8Array | null {
    if (part.type !== 'raw') return null;
    if (!this.#begun) {
      this.#begun = true;
      this.#events = /^(?:data|event|id|retry)?:/.test(firstOf(part.wire));
    }
    return part.wire;
  }

  end(): null {
    return null;
  }

  error(error: RouterError): string {
    return this.#events ? `\n\n${openAiErrorEvent(error, this.#requestId)}` : '';
  }
}

function firstOf(bytes: string | Uint8Array): string {
  return typeof bytes === 'string' ? bytes : Buffer.from(bytes.subarray(0, 8)).toString('latin1');
}
