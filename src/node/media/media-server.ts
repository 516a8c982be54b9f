/** What this machine can make and hear, over the paths of OpenAI's API, on loopback and for whoever knows the key. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { RouterError, toRouterError } from '../../core/errors.ts';
import { writeTranscript } from '../../util/transcript.ts';
import { readPictureOrder, readRecording } from './media-orders.ts';
import type { MediaShelf } from './media-shelf.ts';

const largestJson = 2 ** 20;
const largestRecording = 512 * 2 ** 20;

type Handler = (request: IncomingMessage, response: ServerResponse, shelf: MediaShelf, signal: AbortSignal) => Promise<void>;

const handlers: Readonly<Record<string, Handler>> = {
  'GET /v1/models': (_request, response, shelf) => Promise.resolve(send(response, 200, { object: 'list', data: shelf.models.map(({ name, capabilities, row }) => ({ id: name, object: 'model', owned_by: 'oar', capabilities, ...row })) })),
  'POST /v1/images/generations': paint,
  'POST /v1/audio/transcriptions': hear,
  'POST /api/embed-image': () => Promise.reject(new RouterError('not_supported', 'No program on this machine makes vectors of pictures.')),
};

/** Not yet listening. */
export function mediaServer(shelf: MediaShelf, key: string): Server {
  return createServer({ requestTimeout: 0 }, (request, response) => void answer(request, response, shelf, key));
}

async function answer(request: IncomingMessage, response: ServerResponse, shelf: MediaShelf, key: string): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new RouterError('cancelled', 'The caller left.')));
  response.on('error', () => {});
  try {
    if (!isAllowed(request.headers.authorization, key)) throw new RouterError('unauthenticated', 'The key is missing or wrong.');
    const address = `${request.method} ${request.url?.split('?')[0]}`;
    const handler = handlers[address];
    if (handler === undefined) throw new RouterError('not_found', `There is nothing at ${address}.`);
    await handler(request, response, shelf, gone.signal);
  } catch (thrown) {
    if (response.headersSent || response.destroyed) return;
    const error = toRouterError(thrown);
    const { retryAfterMs, param } = error.details;
    // What was not read would be taken for the next request.
    if (!request.complete) response.setHeader('connection', 'close');
    request.resume();
    send(response, error.status, { error: { message: error.code === 'internal' && thrown instanceof Error ? thrown.message : error.message, code: error.code, param: param ?? null } }, retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) });
  }
}

async function paint(request: IncomingMessage, response: ServerResponse, shelf: MediaShelf, signal: AbortSignal): Promise<void> {
  const { order, asUrl } = readPictureOrder((await bodyOf(request, largestJson)).toString('utf8'));
  const picture = (await shelf.paint(order, signal)).toString('base64');
  send(response, 200, { created: Math.floor(Date.now() / 1000), data: [asUrl ? { url: `data:image/png;base64,${picture}` } : { b64_json: picture }] });
}

async function hear(request: IncomingMessage, response: ServerResponse, shelf: MediaShelf, signal: AbortSignal): Promise<void> {
  const recording = readRecording((await bodyOf(request, largestRecording)).toString('latin1'), request.headers['content-type'] ?? '');
  const written = writeTranscript(await shelf.hear(recording, signal), recording.format);
  response.writeHead(200, { 'content-type': written?.contentType ?? 'text/plain' });
  response.end(written?.body);
}

/** Rejects with `payload_too_large`. */
async function bodyOf(request: IncomingMessage, largest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > largest) throw new RouterError('payload_too_large', `The body is larger than ${largest} bytes.`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, status: number, body: object, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}

/** Told in a time that says nothing of how much was right. */
function isAllowed(header: string | undefined, key: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${key}`));
}
