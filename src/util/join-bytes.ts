/** Texts and bytes, in order, as one piece. */

/** A single piece is given back as it is; texts among several become UTF-8. */
export function joinBytes(pieces: readonly (string | Uint8Array)[]): string | Uint8Array {
  const [only = ''] = pieces;
  return pieces.length <= 1 ? only : Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
}

/** The same as text; bytes are read as UTF-8, across the cuts between pieces. */
export function joinText(pieces: readonly (string | Uint8Array)[]): string {
  const joined = joinBytes(pieces);
  return typeof joined === 'string' ? joined : Buffer.from(joined.buffer, joined.byteOffset, joined.byteLength).toString('utf8');
}
