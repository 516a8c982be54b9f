/** What the tests of jobs share: one router over one pretended server, and the words of the job endpoints. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { type FakeBackend, startFakeBackend } from '../fakes/backend.ts';
import { model, startTestRouter, type TestRouter } from './test-router.ts';

export let backend: FakeBackend;
export let router: TestRouter;
let folder: string | null = null;
let letAllGo = (): void => {};

afterEach(async () => {
  letAllGo();
  await router?.stop();
  await backend?.close();
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
  folder = null;
});

const twoModels = { models: [model('small:1b', { purpose: ['simple_chat'], costClass: 'low', allowWhenBusy: false }), model('other:1b')], routes: { simple_chat: ['small:1b'] } };

export async function start(config: Record<string, unknown> = {}): Promise<void> {
  backend = await startFakeBackend({ models: [{ name: 'small:1b', contextLength: 10_000_000 }, 'other:1b'] });
  letAllGo = () => {};
  await startAgain(config);
}

/** Another router over the same backend. */
export async function startAgain(config: Record<string, unknown>): Promise<void> {
  router = await startTestRouter({ ollama: { baseUrl: backend.url }, ...twoModels, ...config });
}

/** A configured store in a file of its own. */
export function sqlite(): Record<string, unknown> {
  folder = mkdtempSync(join(tmpdir(), 'oar-flow-jobs-'));
  return { store: { kind: 'sqlite', path: join(folder, 'router.db') } };
}

/** Every call to the backend stays open until the returned function is called, or the test ends. */
export function hold(): () => void {
  letAllGo = backend.hold();
  return letAllGo;
}

/** The same for one model: its answer waits for the returned function. */
export function gated(name: string, step: Parameters<FakeBackend['script']>[1]): () => void {
  backend.script(name, { gate: new Promise<void>((resolve) => (letAllGo = resolve)), ...step });
  return letAllGo;
}

export const hello = [{ role: 'user', content: 'Hello there' }];
/** Routed by task. */
export const asJob = { messages: hello, router: { mode: 'async' } };
export const toModel = (name: string, more: Record<string, unknown> = {}) => ({ model: name, messages: hello, router: { mode: 'async', ...more } });

export type Row = Record<string, unknown>;

export function ask(body: unknown): Promise<Response> {
  return router.post('/v1/chat/completions', body);
}

/** The id of the job that the request became. */
export async function accept(body: unknown): Promise<string> {
  const response = await ask(body);
  const answer = (await response.json()) as { id: string };
  expect(response.status, JSON.stringify(answer)).toBe(202);
  return answer.id;
}

export async function row(id: string): Promise<Row> {
  return (await (await router.get(`/v1/jobs/${id}`)).json()) as Row;
}

export function result(id: string): Promise<Response> {
  return router.get(`/v1/jobs/${id}/result`);
}

/** The record, as soon as the job has that status. */
export async function ended(id: string, status = 'succeeded'): Promise<Row> {
  await expect.poll(async () => (await row(id)).status, { interval: 10, timeout: 15_000 }).toBe(status);
  return row(id);
}

export async function list(query = ''): Promise<Row[]> {
  return ((await (await router.get(`/v1/jobs${query}`)).json()) as { jobs: Row[] }).jobs;
}

export function remove(id: string): Promise<Response> {
  return fetch(`${router.url}/v1/jobs/${id}`, { method: 'DELETE' });
}

export async function queues(): Promise<{ globalQueued: number; globalRunning: number }> {
  return ((await (await router.get('/v1/router/runtime')).json()) as { queues: { globalQueued: number; globalRunning: number } }).queues;
}

export const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
