/** Passes on an answer of any format, each chunk as it arrives: audio, subtitles, events. */
import { RouterError } from '../core/errors.ts';
import type { StreamPart, Usage } from '../core/stream.ts';
import type { ResponseDecoder } from './dialect.ts';
import { readUsageIn } from './task-usage.ts';

/** As much of the end of an event stream as holds its counts. */
const tailBytes = 4096;

/** Throws `backend_protocol` for an empty answer, and for a web page where a file was asked for. */
export class ByteRelay implements ResponseDecoder {
  readonly openEnded = true;
  readonly #contentType: string;
  #begun = false;
  #tail = Buffer.alloc(0);

  constructor(contentType: string) {
    this.#contentType = contentType;
  }

  push(chunk: Uint8Array): readonly StreamPart[] {
    if (chunk.length === 0) return [];
    if (this.#contentType.startsWith('text/html')) throw new RouterError('backend_protocol', 'The backend answered with a web page.');
    this.#begun = true;
    if (this.#contentType.startsWith('text/event-stream')) this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-tailBytes);
    return [{ type: 'raw', wire: chunk, content: true }];
  }

  end(): readonly StreamPart[] {
    if (!this.#begun) throw new RouterError('backend_protocol', 'The backend answered with an empty body.');
    return [{ type: 'finish', reason: 'stop', usage: this.usage() }];
  }

  usage(): Usage {
    return readUsageIn(this.#tail.toString('latin1'));
  }
}
