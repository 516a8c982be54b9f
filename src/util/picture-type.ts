/** Tells a picture's format from its first bytes. */

const starts: readonly (readonly [mediaType: string, hex: string])[] = [
  ['image/png', '89504e470d0a1a0a'],
  ['image/jpeg', 'ffd8ff'],
  ['image/gif', '474946383761'],
  ['image/gif', '474946383961'],
];

/** The formats that models take; SVG is a document that may hold anything. */
export const pictureTypes: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif']);

/** Null when it is none of `pictureTypes`. */
export function pictureType(bytes: Uint8Array): string | null {
  const hex = Buffer.from(bytes.subarray(0, 12)).toString('hex');
  const known = starts.find(([, start]) => hex.startsWith(start));
  if (known !== undefined) return known[0];
  return hex.startsWith('52494646') && hex.slice(16) === '57454250' ? 'image/webp' : null;
}
