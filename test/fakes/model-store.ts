/** The part of a pretended Ollama that manages models: addresses for a FakeBackend, whose list follows what is done. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FakeBackend, FakeRequest } from './backend.ts';

type Handler = (request: FakeRequest, response: ServerResponse) => void;

/** How the operations of one model go; nothing set: well. */
export interface Course {
  /** In Ollama's words, after some progress. */
  readonly error?: string;
  /** Refused before anything is done. */
  readonly refuse?: { readonly status: number; readonly error: string };
  /** After some progress: the connection breaks, or the answer ends as if it were complete. */
  readonly fault?: 'cut' | 'short';
  /** Nothing comes after some progress before this resolves. */
  readonly gate?: Promise<void>;
}

/** Names of files that the store can be asked for. */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

export class ModelStore {
  /** Of the operations, in order: `pull m`. */
  readonly done: string[] = [];
  readonly blobs = new Set<string>();
  /** Operations that the client did not wait for. */
  aborts = 0;
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly #courses = new Map<string, Course>();
  #fake: FakeBackend | null = null;

  /** `digests`: files that it will be asked for or sent. */
  constructor(digests: readonly string[] = []) {
    const blobs = digests.flatMap((digest): (readonly [string, Handler])[] => [
      [`HEAD /api/blobs/${digest}`, (_request, response) => void response.writeHead(this.blobs.has(digest) ? 200 : 404).end()],
      [`POST /api/blobs/${digest}`, (request, response) => this.#keep(digest, request, response)],
    ]);
    this.handlers = {
      'POST /api/pull': (request, response) => this.#progress('pull', request, response, (name) => this.#add(name)),
      'POST /api/push': (request, response) => this.#progress('push', request, response, () => {}),
      'POST /api/create': (request, response) => this.#progress('create', request, response, (name) => this.#add(name)),
      'POST /api/copy': (request, response) => this.#copy(request, response),
      'DELETE /api/delete': (request, response) => this.#delete(request, response),
      ...Object.fromEntries(blobs),
    };
  }

  attach(fake: FakeBackend): this {
    this.#fake = fake;
    return this;
  }

  course(model: string, course: Course): void {
    this.#courses.set(model, course);
  }

  get names(): readonly string[] {
    return this.#fake?.catalogue.models.map((model) => model.name) ?? [];
  }

  #add(name: string): void {
    const fake = this.#fake;
    if (fake !== null && !this.names.includes(name)) fake.catalogue.models = [...fake.catalogue.models, { name }];
  }

  #progress(action: string, { body }: FakeRequest, response: ServerResponse, succeed: (name: string) => void): void {
    const name = String(body?.['model'] ?? body?.['name']);
    const course = this.#courses.get(name) ?? {};
    if (course.refuse) return json(response, course.refuse.status, { error: course.refuse.error });
    if (action === 'push' && !this.names.includes(name)) return json(response, 404, { error: `model '${name}' not found` });
    const stream = body?.['stream'] !== false;
    response.on('close', () => {
      if (!response.writableFinished) this.aborts += 1;
    });
    if (stream) {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write(progressLines);
    }
    void Promise.resolve(course.gate).then(() => {
      if (response.destroyed) return;
      if (course.fault === 'cut') return void response.socket?.destroy();
      if (course.fault === 'short') return void response.end();
      const last = course.error === undefined ? { status: 'success' } : { error: course.error };
      if (course.error === undefined) {
        succeed(name);
        this.done.push(`${action} ${name}`);
      }
      if (stream) response.end(`${JSON.stringify(last)}\n`);
      else json(response, course.error === undefined ? 200 : 500, last);
    });
  }

  #copy({ body }: FakeRequest, response: ServerResponse): void {
    const [source, destination] = [String(body?.['source']), String(body?.['destination'])];
    if (!this.names.includes(source)) return json(response, 404, { error: `model ${JSON.stringify(source)} not found` });
    this.#add(destination);
    this.done.push(`copy ${source} ${destination}`);
    response.writeHead(200).end();
  }

  #delete({ body }: FakeRequest, response: ServerResponse): void {
    const name = String(body?.['model'] ?? body?.['name']);
    const fake = this.#fake;
    const { refuse } = this.#courses.get(name) ?? {};
    if (refuse) return json(response, refuse.status, { error: refuse.error });
    if (fake === null || !this.names.includes(name)) return json(response, 404, { error: `model '${name}' not found` });
    fake.catalogue.models = fake.catalogue.models.filter((model) => model.name !== name);
    this.done.push(`delete ${name}`);
    response.writeHead(200).end();
  }

  #keep(digest: string, { bytes }: FakeRequest, response: ServerResponse): void {
    const found = digestOf(bytes);
    if (found !== digest) return json(response, 400, { error: `digest mismatch, expected "${digest}", got "${found}"` });
    this.blobs.add(digest);
    response.writeHead(201).end();
  }
}

/** What a pull says before its end. */
export const progressLines = '{"status":"pulling manifest"}\n{"status":"pulling 74701a8c35f6","digest":"sha256:74701a8c35f6","total":1321082688,"completed":241970}\n';

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

/** An Ollama without models that takes files of any size, and keeps only their length and hash. */
export class BlobSink {
  readonly #server = createServer((request, response) => this.#answer(request, response));
  #gate: Promise<void> = Promise.resolve();
  bytes = 0;
  digest = '';
  /** Files that broke off. */
  aborts = 0;

  /** It takes connections, and reads nothing from them until the returned function is called. */
  stopReading(): () => void {
    let release = (): void => {};
    this.#gate = new Promise((resolve) => (release = resolve));
    return release;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.url?.startsWith('/api/blobs/') !== true) return json(response, 200, { models: [], version: '0.12.6' });
    const hash = createHash('sha256');
    request.on('error', () => (this.aborts += 1));
    void this.#gate.then(() => request.on('data', (piece: Buffer) => {
      this.bytes += piece.length;
      hash.update(piece);
    }));
    request.on('end', () => {
      this.digest = `sha256:${hash.digest('hex')}`;
      response.writeHead(201).end();
    });
  }
}
