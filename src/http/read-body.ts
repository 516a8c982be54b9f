/** Reads a request's body within its limit. */
import type { IncomingMessage } from 'node:http';
import { RouterError } from '../core/errors.ts';
import type { SlowBodies } from './slow-bodies.ts';

/** What a body may be, and how it becomes text: JSON in UTF-8, or a form with one character for each byte. */
export type BodyKind = 'json' | 'form';

/** The body as text; a caller who holds it back is asked for it. Rejects with `payload_too_large`, `unsupported_media_type` or `cancelled` (the caller left). */
export function readBody(request: IncomingMessage, limitBytes: number, slow: Pick<SlowBodies, 'begun'>, kind: BodyKind = 'json', heldBack: { invite(): void } | null = null, withinMs?: number): Promise<string> {
  const refusal = refuse(request, limitBytes, kind);
  const encoding = kind === 'json' ? 'utf8' : 'latin1';
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    if (refusal) reject(refusal);
    else heldBack?.invite();
    const ended = slow.begun(reject, withinMs);
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (!refusal && size <= limitBytes) {
        chunks.push(chunk);
        return;
      }
      // Read on and drop, so that the caller gets to see the answer; but not for ever.
      reject(tooLarge(limitBytes, kind));
      if (size > limitBytes * 4 + 1_048_576) request.destroy();
    });
    request.on('end', () => {
      ended();
      resolve(chunks.length === 1 ? (chunks[0] as Buffer).toString(encoding) : Buffer.concat(chunks).toString(encoding));
    });
    // A request that breaks off closes; nobody listening, it emits no error.
    request.on('close', () => {
      ended();
      if (!request.complete) reject(new RouterError('cancelled', 'The caller left while sending the request.'));
    });
  });
}

function refuse(request: IncomingMessage, limitBytes: number, kind: BodyKind): RouterError | null {
  const type = request.headers['content-type'];
  if (kind === 'form' && !type?.startsWith('multipart/form-data')) {
    return new RouterError('unsupported_media_type', `This address takes a form with a file, not ${type?.split(';')[0] ?? 'a body without a type'}. Send content-type: multipart/form-data.`);
  }
  if (kind === 'json' && type?.startsWith('multipart/')) {
    return new RouterError('unsupported_media_type', `This address takes JSON, not ${type.split(';')[0]}. Send content-type: application/json.`);
  }
  const encoding = request.headers['content-encoding'];
  if (encoding && encoding.toLowerCase() !== 'identity') {
    return new RouterError('unsupported_media_type', `Compressed bodies (${encoding}) are not taken. Send the JSON as it is.`);
  }
  const declared = Number(request.headers['content-length']);
  return declared > limitBytes ? tooLarge(limitBytes, kind) : null;
}

function tooLarge(limitBytes: number, kind: BodyKind): RouterError {
  return new RouterError('payload_too_large', `The body is larger than ${limitBytes} bytes. Send less, or raise ${kind === 'form' ? 'media.maxRecordingBytes' : 'server.requestBodyLimit'}.`);
}
