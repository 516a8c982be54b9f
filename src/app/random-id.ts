/** Random names from a given source of bytes. */

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

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
