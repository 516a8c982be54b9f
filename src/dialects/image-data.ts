/** Images as the APIs carry them: `data:` URLs on one side, bare base64 on the other. */
import type { ContentPart } from '../core/request.ts';

const dataUrl = /^data:([^;,]*)(?:;[^;,]*)*;base64,/i;

/** What the first characters of base64 say about the format. */
const magic: readonly (readonly [string, string])[] = [
  ['/9j/', 'image/jpeg'],
  ['iVBOR', 'image/png'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
];

/** An image by its address; a base64 `data:` URL is taken apart. */
export function imageFromUrl(url: string): ContentPart {
  const found = dataUrl.exec(url);
  if (!found) return { type: 'image-url', url };
  return imageFromBase64(url.slice(found[0].length), found[1]);
}

/** The media type, when it is not told, is read off the data. */
export function imageFromBase64(data: string, mediaType = ''): ContentPart {
  if (data.startsWith('data:')) return imageFromUrl(data);
  const known = mediaType || (mediaTypeOf(data) ?? 'image/jpeg');
  return { type: 'image', mediaType: known, data };
}

export function toDataUrl(image: { readonly mediaType: string; readonly data: string }): string {
  return `data:${image.mediaType};base64,${image.data}`;
}

/** What the data itself says; undefined for formats that are not known here. */
export function mediaTypeOf(base64: string): string | undefined {
  return magic.find(([start]) => base64.startsWith(start))?.[1];
}
