/** Cuts a byte stream into lines, however it was cut on the way. */

const newline = 10;
const nothing: Uint8Array = new Uint8Array(0);

/** Feeds whole lines to a reader; a character cut in half stays whole, since lines are decoded only when complete. */
export class LineSplitter {
  #rest: Uint8Array = nothing;
  readonly #decoder = new TextDecoder();

  /** The complete lines in what has arrived, without their line ends (`\n` or `\r\n`). */
  push(chunk: Uint8Array): string[] {
    const bytes = this.#rest.length === 0 ? chunk : join(this.#rest, chunk);
    const end = bytes.lastIndexOf(newline);
    if (end < 0) {
      this.#rest = bytes;
      return [];
    }
    this.#rest = end + 1 === bytes.length ? nothing : bytes.subarray(end + 1);
    return this.#decoder.decode(bytes.subarray(0, end)).split('\n').map(withoutReturn);
  }

  /** What came after the last line end; empty when the stream ended with one. */
  rest(): string {
    return withoutReturn(this.#decoder.decode(this.#rest));
  }
}

/** Keeps back what follows the last line end, so that a relay never sends half a line. */
export class WholeLines {
  #rest: Uint8Array = nothing;

  /** The longest prefix of what has arrived that ends with a line end; null while there is none. */
  push(chunk: Uint8Array): Uint8Array | null {
    const end = chunk.lastIndexOf(newline);
    if (end < 0) {
      this.#rest = this.#rest.length === 0 ? chunk : join(this.#rest, chunk);
      return null;
    }
    const head = end + 1 === chunk.length ? chunk : chunk.subarray(0, end + 1);
    const whole = this.#rest.length === 0 ? head : join(this.#rest, head);
    this.#rest = end + 1 === chunk.length ? nothing : chunk.subarray(end + 1);
    return whole;
  }

  rest(): Uint8Array {
    return this.#rest;
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
