/** What flow tests share: routers and pretended servers that are given back after each test, and the words of both APIs. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, onTestFinished, vi } from 'vitest';
import { type FakeBackend, type FakeOptions, startFakeBackend } from '../fakes/backend.ts';
import { startTestRouter, type TestRouter } from './test-router.ts';

export type Json = Record<string, unknown>;

export const openAi = '/v1/chat/completions';
export const ollamaChat = '/api/chat';
export const ollamaGenerate = '/api/generate';
/** One address of each dialect; a request of both is `chat`. */
export const bothDialects = [openAi, ollamaChat] as const;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Empty when the text is no JSON object. */
  readonly body: Json;
}

const fakes: FakeBackend[] = [];
const routers: TestRouter[] = [];
const callers: AbortController[] = [];

// Callers first, then servers, so that no router waits for an answer that a failed test left open.
afterEach(async () => {
  for (const caller of callers.splice(0)) caller.abort();
  await Promise.all(fakes.splice(0).map((fake) => fake.close()));
  await Promise.all(routers.splice(0).map((router) => router.stop()));
});

export async function fakeServer(options: FakeOptions = {}): Promise<FakeBackend> {
  const fake = await startFakeBackend(options);
  fakes.push(fake);
  return fake;
}

export async function routerWith(config: Json, parts: Parameters<typeof startTestRouter>[1] = {}): Promise<TestRouter> {
  const router = await startTestRouter(config, parts);
  routers.push(router);
  return router;
}

/** One Ollama behind a router. */
export async function routerOver(fake: FakeBackend, config: Json = {}): Promise<TestRouter> {
  return routerWith({ ollama: { baseUrl: fake.url }, ...config });
}

/** Entries of `backends`, Ollama unless they say otherwise. */
export function backendsOf(servers: Readonly<Record<string, FakeBackend>>, more: Json = {}): Json[] {
  return Object.entries(servers).map(([id, fake]) => ({ id, kind: fake.catalogue.software === 'ollama' ? 'ollama' : 'openai', url: fake.url, ...more }));
}

/** A backend of which the test writes each answer itself, packet by packet; it has the model `a:1b`. */
export async function handWritten(answer: (response: ServerResponse) => Promise<void> | void): Promise<Json> {
  const server = createServer((request, response) => {
    request.resume();
    if (request.method !== 'POST') return void response.writeHead(404).end();
    request.on('end', () => void answer(response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { id: 'hand', kind: 'openai', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, models: ['a:1b'] };
}

/** A request that both chat APIs take and neither streams. */
export function chat(more: Json = {}): Json {
  return { stream: false, messages: [{ role: 'user', content: 'Hello there' }], ...more };
}

export interface Caller {
  readonly answer: Promise<Response>;
  /** Leaves without waiting for the rest. */
  leave(): void;
}

/** Sends a request that the caller may leave. */
export function call(router: TestRouter, path: string, body: unknown, headers: Record<string, string> = {}): Caller {
  const caller = new AbortController();
  callers.push(caller);
  const answer = fetch(`${router.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal: caller.signal,
  });
  answer.catch(() => {});
  return { answer, leave: () => caller.abort() };
}

/** Sends a request and reads the whole answer. May be awaited late. */
export function ask(router: TestRouter, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = call(router, path, body, headers).answer.then(read);
  answer.catch(() => {});
  return answer;
}

export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: objectIn(text) };
}

export function objectIn(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
  } catch {
    return {};
  }
}

export interface ToldError {
  readonly message: string;
  readonly code: unknown;
  readonly requestId: unknown;
  readonly param?: unknown;
}

/** An error as either dialect writes it. */
export function errorIn(body: Json): ToldError {
  const { error } = body;
  if (typeof error === 'string') return { message: error, code: body['code'], requestId: body['request_id'] };
  const { message, code, request_id: requestId, param } = (error ?? {}) as Json;
  return { message: String(message), code, requestId, param };
}

/** The payloads of an event stream or of JSON lines. */
export function payloadsIn(text: string): string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith(':'));
  return lines.map((line) => (line.startsWith('data:') ? line.slice(5).trim() : line));
}

/** Looks often until it holds; for states that no event tells of. */
export function until(holds: () => boolean): Promise<void> {
  return vi.waitFor(() => expect(holds(), holds.toString()).toBe(true), { timeout: 10_000, interval: 2 });
}

export function queued(router: TestRouter, count: number): Promise<void> {
  return until(() => router.service.load().totalQueued === count);
}

/** Nothing runs and nothing waits, by the router's own account; and it serves. */
export async function expectAtRest(router: TestRouter): Promise<void> {
  await until(() => router.service.load().totalRunning === 0 && router.service.load().totalQueued === 0);
  const status = (await (await router.get('/v1/router/status')).json()) as { queue: Json };
  expect(status.queue).toMatchObject({ globalRunning: 0, globalQueued: 0 });
}

/** What the router logged as its own fault. */
export function faultsOf(router: TestRouter): readonly unknown[] {
  return router.lines.filter((line) => line.level === 'error');
}
