/** Writes a relayed answer: the backend's bytes as they are. */
import type { RouterError } from '../core/errors.ts';
import type { StreamPart } from '../core/stream.ts';
import { joinText } from '../util/join-bytes.ts';
import { spliceTopLevel } from '../util/json-splice.ts';
import type { AnswerContext, ResponseEncoder } from './dialect.ts';

type Bytes = string | Uint8Array;

/** `closing`: what must be written before an error so that it stands alone, given the last characters written. */
export interface RelayWording {
  readonly contentType: string;
  closing(tail: string): string;
  errorText(error: RouterError): string;
}

/** Only a body that is to carry the `router` object is held back and touched. */
export class RelayWriter implements ResponseEncoder {
  readonly contentType: string;
  readonly #wording: RelayWording;
  readonly #router: AnswerContext['router'];
  readonly #held: Bytes[] = [];
  #previous: Bytes = '';
  #last: Bytes = '';

  constructor(context: AnswerContext, wording: RelayWording) {
    this.contentType = wording.contentType;
    this.#wording = wording;
    this.#router = context.stream ? null : context.router;
  }

  push(part: StreamPart): Bytes | null {
    if (part.type !== 'raw') return null;
    if (this.#router) {
      this.#held.push(part.wire);
      return null;
    }
    this.#previous = this.#last;
    this.#last = part.wire;
    return part.wire;
  }

  end(): Bytes | null {
    if (!this.#router || this.#held.length === 0) return null;
    return spliceTopLevel(joinText(this.#held), new Map([['router', JSON.stringify(this.#router())]]));
  }

  error(error: RouterError): string {
    return this.#wording.closing(tailOf(this.#previous) + tailOf(this.#last)) + this.#wording.errorText(error);
  }
}

/** Line ends are ASCII, so the last bytes may be read as Latin-1. */
function tailOf(bytes: Bytes): string {
  return typeof bytes === 'string' ? bytes.slice(-4) : Buffer.from(bytes.subarray(-4)).toString('latin1');
}
