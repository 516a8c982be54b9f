/** Tokens are counted once a request, whatever API it came through and however it ended; who listens is told; a stop waits for nobody. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FakeBackend, FakeRequest } from '../fakes/backend.ts';
import { ask, backendsOf, call, chat, fakeServer, faultsOf, handWritten, type Json, ollamaChat, ollamaGenerate, openAi, routerOver, routerWith, until } from '../support/flow-bed.ts';
import { readExposition } from '../support/read-exposition.ts';
import type { TestRouter } from '../support/test-router.ts';

interface Row {
  readonly endpoint: string;
  readonly model: string;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
}

async function get(router: TestRouter, path: string): Promise<Json> {
  return (await (await router.get(path)).json()) as Json;
}

async function counted(router: TestRouter): Promise<readonly Row[]> {
  return (await get(router, '/api/token_counts'))['breakdown'] as Row[];
}

/** Input and output tokens over all rows. */
async function sums(router: TestRouter): Promise<readonly [number, number]> {
  const rows = await counted(router);
  return [rows.reduce((sum, row) => sum + row.input_tokens, 0), rows.reduce((sum, row) => sum + row.output_tokens, 0)];
}

const answer = (response: ServerResponse, body: unknown): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

/** Ollama with its embedding addresses. */
const embeds = {
  'POST /api/embed': (_request: FakeRequest, response: ServerResponse) => answer(response, { model: 'embed:1b', embeddings: [[0.6, 0.8]], total_duration: 5, load_duration: 1, prompt_eval_count: 37 }),
  'POST /v1/embeddings': (_request: FakeRequest, response: ServerResponse) => answer(response, { object: 'list', data: [{ object: 'embedding', index: 0, embedding: [0.6, 0.8] }], model: 'embed:1b', usage: { prompt_tokens: 37, total_tokens: 37 } }),
};

async function ollama(): Promise<FakeBackend> {
  const fake = await fakeServer({ models: ['a:1b', 'embed:1b'], handlers: embeds });
  fake.script('a:1b', { chunks: ['one ', 'two ', 'three ', 'four'], usage: { promptTokens: 120, completionTokens: 45 } });
  return fake;
}

async function openAiServer(): Promise<FakeBackend> {
  const fake = await fakeServer({ software: 'vllm', models: ['a:1b'] });
  fake.script('a:1b', { chunks: ['one ', 'two ', 'three ', 'four'], usage: { promptTokens: 120, completionTokens: 45 } });
  return fake;
}

const anthropic = '/v1/messages';
const withUsage = { stream: true, stream_options: { include_usage: true } };

const requests: readonly (readonly [string, string, Json])[] = [
  ['OpenAI, whole', openAi, chat({ model: 'a:1b' })],
  ['OpenAI, streamed', openAi, chat({ model: 'a:1b', ...withUsage })],
  ['Ollama, whole', ollamaChat, chat({ model: 'a:1b' })],
  ['Ollama, streamed', ollamaChat, chat({ model: 'a:1b', stream: true })],
  ['Ollama generate, streamed', ollamaGenerate, { model: 'a:1b', prompt: 'Hello' }],
  ['Anthropic, streamed', anthropic, { model: 'a:1b', max_tokens: 50, stream: true, messages: [{ role: 'user', content: 'Hello' }] }],
];

describe.each([['Ollama', ollama], ['another server', openAiServer]] as const)('%s', (_name, start) => {
  test.each(requests)('%s: what the backend said, once', async (_way, path, body) => {
    const router = await routerWith({ backends: backendsOf({ it: await start() }) });
    const said = await ask(router, path, body);
    expect(said.status, said.text).toBe(200);
    expect(await sums(router)).toEqual([120, 45]);
    expect(faultsOf(router)).toEqual([]);
  });
});

test.each([['/api/embed', { model: 'embed:1b', input: 'text' }], ['/v1/embeddings', { model: 'embed:1b', input: 'text' }]])('%s counts what it read', async (path, body) => {
  const router = await routerOver(await ollama());
  const said = await ask(router, path, body);
  expect(said.status, said.text).toBe(200);
  expect(await sums(router)).toEqual([37, 0]);
});

test('of usage in every chunk the last counts, and what a chunk adds up to is not added again (PX-D14)', async () => {
  const chunk = (delta: Json, finish: string | null, completion: number): string =>
    `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'a:1b', choices: [{ index: 0, delta, finish_reason: finish }], usage: { prompt_tokens: 12, completion_tokens: completion, total_tokens: 12 + completion } })}\n\n`;
  const backend = await handWritten((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let token = 1; token <= 5; token += 1) response.write(chunk({ content: 'x' }, null, token));
    response.end(`${chunk({ content: 'x' }, 'stop', 6)}data: [DONE]\n\n`);
  });
  const router = await routerWith({ backends: [backend] });
  for (const path of [openAi, ollamaChat]) await ask(router, path, chat({ model: 'a:1b', stream: true }));
  expect(await sums(router)).toEqual([24, 12]);
});

test('a stream whose caller did not ask for usage is counted all the same, as an estimate', async () => {
  const fake = await openAiServer();
  const router = await routerWith({ backends: backendsOf({ it: fake }) });
  const said = await ask(router, openAi, chat({ model: 'a:1b', stream: true }));
  expect(said.text).not.toContain('"usage"');
  expect(fake.requests[0]?.body).not.toHaveProperty('stream_options');
  const [input, output] = await sums(router);
  expect(input).toBeGreaterThan(0);
  expect(input).toBeLessThan(120);
  // Four words, and what ends them.
  expect(output).toBeGreaterThanOrEqual(4);
  expect(output).toBeLessThanOrEqual(6);
});

test('a request that moved on to another backend is counted where it was served, and once', async () => {
  const first = await ollama();
  const second = await ollama();
  const [one, two] = backendsOf({ first, second });
  const router = await routerWith({ backends: [{ ...one, priority: 10 }, two] });
  first.script('a:1b', { status: 500, times: 1 });
  expect((await ask(router, openAi, chat({ model: 'a:1b' }))).status).toBe(200);
  expect(await counted(router)).toEqual([{ endpoint: second.url, model: 'a:1b', input_tokens: 120, output_tokens: 45, total_tokens: 165 }]);
});

test('a caller who leaves in the middle has used something, counted once; one that was refused has not', async () => {
  const fake = await ollama();
  fake.script('a:1b', { chunks: Array.from({ length: 1_000 }, (_, index) => `word${index} `), chunkDelayMs: 2, times: 1 });
  const router = await routerOver(fake);
  const caller = call(router, ollamaChat, chat({ model: 'a:1b', stream: true, messages: [{ role: 'user', content: 'Tell me a long story about a router. '.repeat(20) }] }));
  const reader = (await caller.answer).body?.getReader();
  for (let chunks = 0; chunks < 5; chunks += 1) await reader?.read();
  caller.leave();
  await fake.waitForAborts(1);
  await until(() => router.lines.some((line) => line.message === 'request'));
  const [input, output] = await sums(router);
  expect(input).toBeGreaterThan(50);
  expect(output).toBeGreaterThanOrEqual(4);
  expect(output).toBeLessThan(500);
  await ask(router, openAi, chat({ model: 'nobody:1b' }));
  fake.script('a:1b', { status: 400, times: 1 });
  await ask(router, openAi, chat({ model: 'a:1b' }));
  expect(await sums(router)).toEqual([input, output]);
});

test('totals are in usage, stats and metrics alike; a model goes by either of its names', async () => {
  const fake = await fakeServer({ models: ['b:latest'] });
  fake.script('*', { usage: { promptTokens: 10, completionTokens: 2 } });
  const router = await routerOver(fake);
  for (let count = 0; count < 3; count += 1) await ask(router, ollamaChat, chat({ model: 'b' }));
  expect(await get(router, '/api/usage')).toEqual({ token_usage_counts: { [fake.url]: { 'b:latest': 36 } }, usage_counts: { [fake.url]: {} } });
  expect(await get(router, '/api/token_counts')).toEqual({ total_tokens: 36, breakdown: [{ endpoint: fake.url, model: 'b:latest', input_tokens: 30, output_tokens: 6, total_tokens: 36 }] });
  const minutes = expect.arrayContaining([{ endpoint: fake.url, input_tokens: expect.any(Number), output_tokens: expect.any(Number), total_tokens: expect.any(Number), timestamp: expect.any(Number), span_seconds: 60 }]);
  for (const [path, body] of [['/api/stats', { model: 'b:latest' }], ['/api/stats?model=b', '']] as const) {
    const { status, body: stats } = await ask(router, path, body);
    expect([status, stats]).toEqual([200, expect.objectContaining({ input_tokens: 30, output_tokens: 6, total_tokens: 36, endpoint_distribution: { [fake.url]: 36 }, time_series: minutes })]);
    const series = stats['time_series'] as { total_tokens: number; timestamp: number }[];
    expect(series.reduce((sum, row) => sum + row.total_tokens, 0)).toBe(36);
    for (const row of series) expect([row.timestamp % 60, Math.abs(row.timestamp - Date.now() / 1000) < 180]).toEqual([0, true]);
  }
  const families = readExposition(await (await router.get('/metrics')).text());
  expect(families.get('oar_tokens_total')?.type).toBe('counter');
  expect(families.get('oar_tokens_total')?.samples.map(({ labels, value }) => [labels, value])).toEqual([[{ backend: 'ollama', model: 'b:latest', kind: 'prompt' }, 30], [{ backend: 'ollama', model: 'b:latest', kind: 'completion' }, 6]]);
});

test('a model that nobody knows is 404 in the words of Ollama; one that was never asked has nothing', async () => {
  const router = await routerOver(await ollama());
  const unknown = await ask(router, '/api/stats', { model: 'nobody:1b' });
  expect([unknown.status, unknown.body['error']]).toEqual([404, expect.stringContaining('nobody:1b')]);
  expect((await ask(router, '/api/stats', {})).status).toBe(400);
  expect((await ask(router, '/api/stats', { model: 'a:1b' })).body).toEqual({ model: 'a:1b', input_tokens: 0, output_tokens: 0, total_tokens: 0, time_series: [], endpoint_distribution: {} });
});

test('rolling up takes whole numbers of days, and leaves today alone', async () => {
  const router = await routerOver(await ollama());
  await ask(router, openAi, chat({ model: 'a:1b' }));
  const path = '/api/aggregate_time_series_days';
  expect((await ask(router, path, '')).body).toEqual({ status: 'ok', days: 30, trim_old: false, aggregated_groups: 0 });
  expect((await ask(router, path, { days: 1, trim_old: true })).body).toEqual({ status: 'ok', days: 1, trim_old: true, aggregated_groups: 0 });
  for (const body of [{ days: 0 }, { days: -3 }, { days: 1.5 }, { days: '7' }, { trim_old: 'yes' }, '{', '[]']) {
    const refused = await ask(router, path, body);
    expect([refused.status, typeof refused.body['error']], JSON.stringify(body)).toEqual([400, 'string']);
  }
  expect(((await ask(router, '/api/stats', { model: 'a:1b' })).body['time_series'] as Json[]).map((row) => row['total_tokens'])).toEqual([165]);
});

test('the configuration is as the last probes found it, without asking anybody; there is no cache', async () => {
  const fake = await ollama();
  const gone = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ backends: backendsOf({ here: fake, gone }) });
  await gone.close();
  await until(() => router.fleet.view().backends.some((backend) => backend.status === 'down'));
  const config = await get(router, '/api/config');
  expect(config).toEqual({
    endpoints: [{ id: 'here', url: fake.url, status: 'ok', version: expect.stringMatching(/^\d+\.\d+/) }, { id: 'gone', url: gone.url, status: 'error', detail: expect.any(String) }],
    llama_server_endpoints: [],
    require_router_api_key: false,
  });
  expect(await get(router, '/api/cache/stats')).toEqual({ enabled: false });
  expect((await ask(router, '/api/cache/invalidate', '')).body).toEqual({ enabled: false, cleared: false });
});

/** What the stream has said so far, comments left out. */
function listen(router: TestRouter): { readonly events: Json[]; readonly answer: Promise<Response>; ended(): Promise<void> } {
  const events: Json[] = [];
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const response = fetch(`${router.url}/api/usage-stream`, { signal: leaving.signal });
  const reading = response.then(async ({ body }) => {
    let text = '';
    for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += piece;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        if (text.startsWith('data: ')) events.push(JSON.parse(text.slice(6, end)) as Json);
        text = text.slice(end + 2);
      }
    }
  });
  reading.catch(() => {});
  return { events, answer: response, ended: () => reading };
}

test('who listens hears at once how it is, and then what begins, what was used, and what ended', async () => {
  const fake = await ollama();
  const router = await routerOver(fake);
  const { events, answer: head } = listen(router);
  const { status, headers } = await head;
  expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([200, 'text/event-stream; charset=utf-8', 'no-cache']);
  await until(() => events.length === 1);
  expect(events[0]).toEqual({ token_usage_counts: {}, usage_counts: { [fake.url]: {} } });
  const release = fake.hold();
  const answers = [ask(router, openAi, chat({ model: 'a:1b' })), ask(router, ollamaChat, chat({ model: 'a:1b' }))];
  await until(() => JSON.stringify(events.at(-1)?.['usage_counts']) === JSON.stringify({ [fake.url]: { 'a:1b': 2 } }));
  release();
  await Promise.all(answers);
  await until(() => JSON.stringify(events.at(-1)) === JSON.stringify({ token_usage_counts: { [fake.url]: { 'a:1b': 330 } }, usage_counts: { [fake.url]: {} } }));
});

test('a router stops within a second although somebody listens, and somebody else does not read (PX-D16)', async () => {
  const fake = await fakeServer({ models: Array.from({ length: 60 }, (_, index) => `model${index}:1b`) });
  const router = await routerOver(fake);
  const { events, ended } = listen(router);
  const { port, hostname } = new URL(router.url);
  const deaf = connect(Number(port), hostname);
  onTestFinished(() => void deaf.destroy());
  deaf.on('error', () => {});
  deaf.write(`GET /api/usage-stream HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`);
  deaf.pause();
  await until(() => events.length === 1);
  for (let index = 0; index < 60; index += 1) expect((await ask(router, openAi, chat({ model: `model${index}:1b` }))).status).toBe(200);
  await until(() => Object.keys((events.at(-1)?.['token_usage_counts'] as Json)?.[fake.url] ?? {}).length === 60);
  const began = performance.now();
  await router.stop();
  expect(performance.now() - began).toBeLessThan(1_000);
  await ended();
  expect(faultsOf(router)).toEqual([]);
});

test('totals are there after a restart, those of the last moment too, and the history with them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oar-flow-usage-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const fake = await ollama();
  const store = { kind: 'sqlite', path: join(folder, 'router.db') };
  for (let life = 1; life <= 3; life += 1) {
    const router = await routerOver(fake, { store });
    expect(await sums(router)).toEqual([600 * (life - 1), 225 * (life - 1)]);
    await Promise.all(Array.from({ length: 4 }, () => ask(router, openAi, chat({ model: 'a:1b' }))));
    const families = readExposition(await (await router.get('/metrics')).text());
    expect(families.get('oar_tokens_total')?.samples.map((sample) => sample.value)).toEqual([480, 180]);
    await ask(router, openAi, chat({ model: 'a:1b' }));
    await router.stop();
  }
  const last = await routerOver(fake, { store });
  expect(await sums(last)).toEqual([1800, 675]);
  const series = (await ask(last, '/api/stats', { model: 'a:1b' })).body['time_series'] as Row[];
  expect(series.reduce((sum, row) => sum + row.total_tokens, 0)).toBe(2475);
});

test('jobs may have a file of their own; the counts then are in the other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oar-flow-usage-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const fake = await ollama();
  const files = { store: { kind: 'sqlite', path: join(folder, 'router.db') }, jobs: { path: join(folder, 'jobs.db') } };
  const router = await routerOver(fake, files);
  const { body } = await ask(router, openAi, chat({ model: 'a:1b', router: { mode: 'async' } }));
  await expect.poll(async () => (await get(router, `/v1/jobs/${String(body['id'])}`))['status'], { interval: 10 }).toBe('succeeded');
  await router.stop();
  const next = await routerOver(fake, { ...files, jobs: { store: 'memory' } });
  expect(await sums(next)).toEqual([120, 45]);
  expect((await next.get(`/v1/jobs/${String(body['id'])}`)).status).toBe(404);
  await next.stop();
  const last = await routerOver(fake, files);
  expect((await last.get(`/v1/jobs/${String(body['id'])}`)).status).toBe(200);
});
