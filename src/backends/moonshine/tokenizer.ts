/** Turns the model's tokens into text: a file of pieces, each with its length before it. */

const space = '\u2581';
/** `<unk>`, `<s>` and `</s>` come first and are no text. */
const specialTokens = 3;

/** Lengths from 128 on take two bytes, the lower seven bits first. Throws for a file that is cut off. */
export function readPieces(file: Uint8Array): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    let length = file[at] ?? 0;
    at += 1;
    if (length >= 128) {
      length = length - 128 + (file[at] ?? 0) * 128;
      at += 1;
    }
    if (at + length > file.length) throw new RangeError('The tokenizer file is cut off.');
    pieces.push(file.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

/** A character may be spread over several tokens. */
export function textOf(tokens: readonly number[], pieces: readonly Uint8Array[]): string {
  const known = tokens.filter((token) => token >= specialTokens).map((token) => pieces[token] ?? new Uint8Array());
  return Buffer.concat(known).toString('utf8').replaceAll(space, ' ').trim();
}
