/** The engine's two addresses over HTTP, for the router alone. */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ChatAnswer, sendJson } from './chat-answer.ts';
import { readChatJob, Refusal } from './chat-job.ts';
import type { Generator } from './generator.ts';

export interface ServedModel {
  readonly name: string;
  readonly sizeBytes: number;
  readonly trainedContext: number;
  /** Epoch milliseconds. */
  readonly loadedAt: number;
}

const largestBody = 16_777_216;

/** Not yet listening. Every request needs `Authorization: Bearer <secret>`. */
export function engineServer(generator: Generator, model: ServedModel, secret: string): Server {
  return createServer((request, response) => {
    void answer(request, response, generator, model, secret);
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, generator: Generator, model: ServedModel, secret: string): Promise<void> {
  try {
    if (!isAllowed(request.headers.authorization, secret)) throw new Refusal(401, 'authentication_error', 'The key is missing or wrong.');
    const address = `${request.method} ${request.url?.split('?')[0]}`;
    if (address === 'GET /v1/models') sendJson(response, 200, listing(generator, model));
    else if (address === 'POST /v1/chat/completions') await chat(request, response, generator, model);
    else throw new Refusal(404, 'not_found_error', `There is nothing at ${address}.`);
  } catch (thrown) {
    const refusal = thrown instanceof Refusal ? thrown : new Refusal(500, 'server_error', messageOf(thrown));
    if (!response.headersSent && !response.destroyed) sendJson(response, refusal.status, refusal.body);
  }
}

async function chat(request: IncomingMessage, response: ServerResponse, generator: Generator, model: ServedModel): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) gone.abort(new Error('The caller left.'));
  });
  const job = readChatJob((await bodyOf(request)).toString('utf8'));
  if (job.model !== undefined && job.model !== model.name) throw new Refusal(404, 'not_found_error', `The model here is ${model.name}, not ${job.model}.`, { param: 'model' });
  const written = new ChatAnswer(response, { id: `chatcmpl-${randomUUID()}`, model: model.name, createdSeconds: Math.floor(Date.now() / 1000), stream: job.stream, includeUsage: job.includeUsage });
  try {
    written.finish(await generator.answer(job, written, gone.signal));
  } catch (thrown) {
    if (gone.signal.aborted) return;
    const refusal = thrown instanceof Refusal ? thrown : new Refusal(500, 'server_error', `The engine failed: ${messageOf(thrown)}`);
    written.fail(refusal.status, refusal.body);
  }
}

function listing(generator: Generator, model: ServedModel): unknown {
  const meta = { n_ctx: generator.contextSize, n_ctx_train: model.trainedContext, size: model.sizeBytes };
  return { object: 'list', data: [{ id: model.name, object: 'model', created: Math.floor(model.loadedAt / 1000), owned_by: 'embedded', meta }] };
}

/** Rejects with a 413. */
export async function bodyOf(request: IncomingMessage, largest = largestBody): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > largest) throw new Refusal(413, 'invalid_request_error', `The body is larger than ${largest} bytes.`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** Told in a time that says nothing of how much was right. */
export function isAllowed(header: string | undefined, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${secret}`));
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
