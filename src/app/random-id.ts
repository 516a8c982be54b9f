/** Random names from a given source of bytes. */

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const pooledBytes = 4096;

/** Draws bytes from the system many at a time: a call for each id would cost more than the id. */
export function pooledSource(draw: (count: number) => Uint8Array): (count: number) => Uint8Array {
  let pool: Uint8Array = new Uint8Array(0);
  return (count) => {
    if (pool.length < count) pool = draw(Math.max(count, pooledBytes));
    const taken = pool.subarray(0, count);
    pool = pool.subarray(count);
    return taken;
  };
}

/** `length` characters of A-Z, a-z, 0-9, all equally likely. */
export function randomId(length: number, randomBytes: (count: number) => Uint8Array): string {
  let id = '';
  while (id.length < length) {
    for (const byte of randomBytes(length)) {
      // 248 is the largest multiple of 62 in a byte: higher values would favour the first letters.
      if (byte < 248 && id.length < length) id += alphabet[byte % 62];
    }
  }
  return id;
}
