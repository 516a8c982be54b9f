/** A real HTTP server that pretends to be an inference server, answers as scripted, and remembers what it was sent. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drained } from '../../src/http/socket-reply.ts';
import { FakeCatalogue, type FakeModel, type Software } from './catalogue.ts';
import { errorBody, errorFrame, framesOf, type Api, type Frames } from './wire-frames.ts';

/**
 * `refuse`: closes without a byte; `reset`: resets without a byte; `cut`: breaks off after half of the frames; `garbage`: not HTTP;
 * `not-json`: 200 with text; `hang`: never answers; `stall`: falls silent after the first frame; `empty`: 200 without a body;
 * `error-in-stream`: an error in the API's own words after half of the frames; `half-line`: ends cleanly within a frame.
 */
export type Fault = 'refuse' | 'reset' | 'cut' | 'garbage' | 'not-json' | 'hang' | 'stall' | 'empty' | 'error-in-stream' | 'half-line';

/** How a request is answered. Nothing set: a short text at once. */
export interface Step {
  readonly text?: string;
  /** The text, cut as it is to be streamed. */
  readonly chunks?: readonly string[];
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: unknown; readonly id?: string }[];
  readonly reasoning?: string;
  readonly usage?: { readonly promptTokens?: number; readonly completionTokens?: number; readonly loadMs?: number; readonly promptMs?: number; readonly completionMs?: number };
  readonly finish?: string;
  /** Before anything is done, before the first byte, between chunks (0: each in a packet of its own). */
  readonly delayMs?: number;
  readonly firstByteDelayMs?: number;
  readonly chunkDelayMs?: number;
  /** Nothing is answered before this resolves. */
  readonly gate?: Promise<void>;
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly fault?: Fault;
  /** How many requests it answers; absent: all that no other step takes. */
  readonly times?: number;
}

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly bytes: Buffer;
  /** The parsed JSON; undefined when there is none. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

export interface FakeOptions {
  /** Default `ollama`, which speaks its own API and OpenAI's; `anthropic` speaks Anthropic's, the others OpenAI's. */
  readonly software?: Software;
  /** Names or descriptions; default one model `test-model`. */
  readonly models?: readonly (string | FakeModel)[];
  /** Required of every request when given. */
  readonly apiKey?: string;
  readonly port?: number;
  /** An address of this machine; `127.0.0.1` when absent. */
  readonly host?: string;
  /** Addresses that the fake does not know by itself, as `POST /v1/embeddings`; such requests are in `requests`. */
  readonly handlers?: Readonly<Record<string, (request: FakeRequest, response: ServerResponse) => void>>;
  /** False in load tests: requests are counted and not kept. */
  readonly record?: boolean;
}

const openAiApis: Readonly<Record<string, Api>> = { '/v1/chat/completions': 'openai-chat' };
const ollamaApis: Readonly<Record<string, Api>> = { ...openAiApis, '/api/chat': 'ollama-chat', '/api/generate': 'ollama-generate' };
const anthropicApis: Readonly<Record<string, Api>> = { '/v1/messages': 'anthropic-messages' };

function apiAt(software: Software, path: string): Api | undefined {
  if (software === 'anthropic') return anthropicApis[path];
  return (software === 'ollama' ? ollamaApis : openAiApis)[path];
}

export function startFakeBackend(options: FakeOptions = {}): Promise<FakeBackend> {
  return FakeBackend.start(options);
}

export class FakeBackend {
  readonly catalogue: FakeCatalogue;
  /** Stays known after `close`, so that another may take its place. */
  port = 0;
  /** Requests for inference, in order of arrival; other requests are in `listings`. */
  readonly requests: FakeRequest[] = [];
  readonly listings: FakeRequest[] = [];
  /** Inference requests so far, also when they are not kept. */
  received = 0;
  /** Answers that the client did not wait for. */
  aborts = 0;
  /** Connections accepted so far. */
  connections = 0;
  readonly running = { now: 0, peak: 0, byModel: new Map<string, { now: number; peak: number }>() };
  readonly #options: FakeOptions;
  readonly #server: Server;
  readonly #steps = new Map<string, { step: Step; left: number }[]>();
  readonly #frames = new WeakMap<Step, Map<string, Frames>>();
  readonly #waiters = new Set<() => void>();
  #hold: { readonly promise: Promise<void>; readonly release: () => void } | null = null;

  private constructor(options: FakeOptions) {
    this.#options = options;
    const models = (options.models ?? ['test-model']).map((model) => (typeof model === 'string' ? { name: model } : model));
    this.catalogue = new FakeCatalogue(options.software ?? 'ollama', models);
    this.#server = createServer((request, response) => this.#onRequest(request, response));
    this.#server.on('connection', () => (this.connections += 1));
  }

  static async start(options: FakeOptions): Promise<FakeBackend> {
    const fake = new FakeBackend(options);
    await new Promise<void>((resolve, reject) => fake.#server.once('error', reject).listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve));
    fake.port = (fake.#server.address() as AddressInfo).port;
    return fake;
  }

  get url(): string {
    return `http://${this.#options.host ?? '127.0.0.1'}:${this.port}`;
  }

  /** Steps with `times` are used up in order; then the last one without. `*` is for every model that has none of its own. */
  script(model: string, step: Step): void {
    const before = this.#steps.get(model) ?? [];
    const counted = before.filter((one) => one.left !== Infinity);
    const lasting = before.filter((one) => one.left === Infinity);
    const added = { step, left: step.times ?? Infinity };
    this.#steps.set(model, step.times === undefined ? [...counted, added] : [...counted, added, ...lasting]);
  }

  /** From now on every inference request stays open until the returned function is called. */
  hold(): () => void {
    let release = (): void => {};
    const promise = new Promise<void>((resolve) => (release = resolve));
    const hold = { promise, release };
    this.#hold = hold;
    return () => {
      if (this.#hold === hold) this.#hold = null;
      release();
    };
  }

  /** Resolves when so many inference requests have arrived. */
  waitForRequests(count: number): Promise<void> {
    return this.#until(() => this.received >= count);
  }

  waitForAborts(count: number): Promise<void> {
    return this.#until(() => this.aborts >= count);
  }

  /** Resolves when no inference request is open. */
  waitForIdle(): Promise<void> {
    return this.#until(() => this.running.now === 0);
  }

  /** Ends every connection and stops listening. */
  async close(): Promise<void> {
    this.#hold?.release();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => {
      const check = (): void => {
        if (!holds()) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
    });
  }

  #changed(): void {
    for (const check of [...this.#waiters]) check();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('end', () => {
      const text = Buffer.concat(pieces).toString('utf8');
      const [path = '/', query] = (request.url ?? '/').split('?');
      this.#dispatch({ method: request.method ?? 'GET', path, query: new URLSearchParams(query), headers: request.headers, text, bytes: Buffer.concat(pieces), body: parsed(text) }, response);
    });
  }

  #dispatch(request: FakeRequest, response: ServerResponse): void {
    const api = apiAt(this.catalogue.software, request.path);
    const { record } = this.#options;
    if (!this.#admits(request)) {
      const error = { message: 'Invalid API key', type: 'authentication_error' };
      return json(response, 401, this.catalogue.software === 'anthropic' ? { type: 'error', error } : { error });
    }
    const handler = this.#options.handlers?.[`${request.method} ${request.path}`];
    if (handler !== undefined) {
      this.received += 1;
      if (record !== false) this.requests.push(request);
      handler(request, response);
      this.#changed();
      return;
    }
    if (api !== undefined && request.method === 'POST') {
      this.received += 1;
      if (record !== false) this.requests.push(request);
      void this.#infer(api, request, response);
      this.#changed();
      return;
    }
    if (record !== false) this.listings.push(request);
    const answer = this.catalogue.answer(request.path, request.body, request.query);
    json(response, answer.status, answer.body);
  }

  /** The Anthropic API takes its key, and the version that is spoken, in headers of its own. */
  #admits({ headers }: FakeRequest): boolean {
    const { apiKey } = this.#options;
    if (apiKey === undefined) return true;
    if (this.catalogue.software !== 'anthropic') return headers['authorization'] === `Bearer ${apiKey}`;
    return headers['x-api-key'] === apiKey && headers['anthropic-version'] !== undefined;
  }

  async #infer(api: Api, request: FakeRequest, response: ServerResponse): Promise<void> {
    const model = typeof request.body?.['model'] === 'string' ? request.body['model'] : '';
    this.#enter(model, response);
    const step = this.#stepFor(model);
    const hold = this.#hold;
    if (hold) await hold.promise;
    if (step?.gate) await step.gate;
    if (step?.delayMs) await pause(step.delayMs);
    if (response.destroyed) return;
    if (!step && !this.catalogue.has(model)) return json(response, 404, JSON.parse(errorBody(api, 404, `model '${model}' not found`)));
    this.catalogue.use(model, (request.body?.['options'] as { num_ctx?: number } | undefined)?.num_ctx);
    await this.#play(step ?? plainStep, api, model, request, response);
  }

  #enter(model: string, response: ServerResponse): void {
    const counts = this.running.byModel.get(model) ?? { now: 0, peak: 0 };
    this.running.byModel.set(model, counts);
    for (const count of [this.running, counts]) {
      count.now += 1;
      count.peak = Math.max(count.peak, count.now);
    }
    response.once('close', () => {
      this.running.now -= 1;
      counts.now -= 1;
      if (!response.writableFinished) this.aborts += 1;
      this.#changed();
    });
  }

  #stepFor(model: string): Step | undefined {
    for (const key of [model, '*']) {
      const steps = this.#steps.get(key);
      const next = steps?.[0];
      if (!steps || !next) continue;
      next.left -= 1;
      if (next.left === 0) steps.shift();
      return next.step;
    }
    return undefined;
  }

  async #play(step: Step, api: Api, model: string, request: FakeRequest, response: ServerResponse): Promise<void> {
    if (step.fault === 'hang') return;
    if (step.fault === 'refuse') return void response.socket?.destroy();
    if (step.fault === 'reset') return void response.socket?.resetAndDestroy();
    if (step.fault === 'garbage') return void response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n');
    if (step.firstByteDelayMs) await pause(step.firstByteDelayMs);
    const frames = this.#framesFor(step, api, model, request);
    if (step.status !== undefined || step.body !== undefined) {
      const status = step.status ?? 200;
      response.writeHead(status, { 'content-type': 'application/json', ...step.headers });
      return void response.end(step.body ?? errorBody(api, status, `scripted status ${status}`));
    }
    response.writeHead(200, { 'content-type': frames.contentType, ...step.headers });
    if (step.fault === 'empty') return void response.end();
    if (step.fault === 'not-json') return void response.end('<html>This is not an answer.</html>\n\n');
    await this.#write(step, api, frames, response);
  }

  async #write(step: Step, api: Api, frames: Frames, response: ServerResponse): Promise<void> {
    const all = [...frames.head, ...frames.tail];
    const broken = step.fault !== undefined;
    const shown = step.fault === 'stall' ? all.slice(0, 1) : broken ? all.slice(0, Math.ceil(all.length / 2)) : all;
    for (const [position, frame] of shown.entries()) {
      const half = position === shown.length - 1 && (step.fault === 'half-line' || (broken && all.length === 1));
      if (position > 0 && step.chunkDelayMs !== undefined) await pause(step.chunkDelayMs);
      if (response.destroyed) return;
      if (!response.write(half ? frame.subarray(0, Math.floor(frame.length / 2)) : frame)) await drained(response);
    }
    if (step.fault === 'stall') return;
    if (step.fault === 'cut') return void setImmediate(() => response.socket?.destroy());
    if (step.fault === 'error-in-stream') response.write(errorFrame(api, 'the model runner has stopped'));
    response.end();
  }

  #framesFor(step: Step, api: Api, model: string, request: FakeRequest): Frames {
    const stream = api.startsWith('ollama-') ? request.body?.['stream'] !== false : request.body?.['stream'] === true;
    const options = request.body?.['stream_options'] as { include_usage?: boolean } | undefined;
    const includeUsage = options?.include_usage === true;
    const key = `${api} ${model} ${stream} ${includeUsage}`;
    const made = this.#frames.get(step) ?? new Map<string, Frames>();
    this.#frames.set(step, made);
    const reasoningField = this.catalogue.software === 'ollama' ? 'reasoning' : 'reasoning_content';
    const frames = made.get(key) ?? framesOf(step, { api, model, stream, includeUsage, reasoningField });
    made.set(key, frames);
    return frames;
  }
}

const plainStep: Step = {};

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

function parsed(text: string): FakeRequest['body'] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
}
