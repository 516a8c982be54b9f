/** What happens behind the one address to real engines: where a cold model is loaded, who is changed, who stops, who takes over. Needs a build, OAR_TEST_OLLAMA_BIN and OAR_TEST_GGUF. */
import { homedir } from 'node:os';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cacheFolder } from '../../src/backends/embedded/cache-folder.ts';
import { absent, type Json, type RealOllama, type RealPair, startPair } from '../support/real-ollama.ts';
import { keepForFile } from '../support/router-process.ts';

if (absent) console.log(`left out: the tests of placement among real engines, for want of ${absent}`);
const embedded = process.env['OAR_TEST_EMBEDDED'] !== undefined;

keepForFile();

let pair: RealPair;

const model = 'both:135m';
const hello = [{ role: 'user' as const, content: 'Say hello.' }];
const short = { num_predict: 4, temperature: 0, seed: 7 };
const counting = [{ role: 'user', content: 'Count from one to a thousand, one number a line.' }];
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function otherThan(backend: string): string {
  return backend === 'first' ? 'second' : 'first';
}

function serverOf(response: Response): { readonly backend: string; readonly server: RealOllama } {
  const backend = response.headers.get('x-oar-backend') ?? '';
  const server = pair.servers[backend];
  if (!server) throw new Error(`Answered by "${backend}" with ${response.status}.`);
  return { backend, server };
}

interface Reading {
  /** Up to the first piece of text. */
  readonly beginning: string;
  rest(): Promise<string>;
  leave(): Promise<void>;
}

/** Reads a stream until there is text in it. */
async function beginReading(response: Response, piece: RegExp): Promise<Reading> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  const read = async (enough: (text: string) => boolean): Promise<string> => {
    for (let text = ''; ; ) {
      const part = await reader.read();
      if (part.done) return text;
      text += decoder.decode(part.value, { stream: true });
      if (enough(text)) return text;
    }
  };
  const beginning = await read((text) => piece.test(text));
  expect(beginning).toMatch(piece);
  return { beginning, rest: () => read(() => false), leave: () => reader.cancel() };
}

async function running(): Promise<number> {
  return ((await pair.router.json('/v1/router/runtime')) as { queues: { globalRunning: number } }).queues.globalRunning;
}

/** What the log says of a request, once it is over. */
function requestLine(id: string): Json {
  const line = pair.router.stdout.split('\n').find((one) => one.includes(`"id":"${id}"`) && one.includes('"msg":"request"'));
  return JSON.parse(line ?? '{}') as Json;
}

/** Of all requests so far. */
async function tokensWritten(): Promise<number> {
  const { breakdown } = (await pair.router.json('/api/token_counts')) as { breakdown: readonly { output_tokens: number }[] };
  return breakdown.reduce((sum, row) => sum + row.output_tokens, 0);
}

/** Milliseconds until none of a server's processes works any more. */
async function untilIdle(server: RealOllama): Promise<number> {
  const from = performance.now();
  for (let before = server.processorTicks(), at = from; ; ) {
    await wait(50);
    const now = server.processorTicks();
    if (now - before <= 1) return at - from;
    if (performance.now() - from > 20_000) throw new Error('It still works after 20 s.');
    before = now;
    at = performance.now();
  }
}

interface Stream {
  readonly path: string;
  readonly body: Json;
  /** A part of the text. */
  readonly piece: RegExp;
  /** What only a complete answer has. */
  readonly complete: RegExp;
  /** The last line of one that broke off, without `data: `. */
  readonly broken: Json;
}

const streams: readonly Stream[] = [
  { path: '/v1/chat/completions', body: { messages: counting, stream: true, max_tokens: 2000 }, piece: /"content":"[^"]/, complete: /\[DONE\]|"finish_reason":"/, broken: { error: { code: 'stream_interrupted' } } },
  { path: '/api/chat', body: { messages: counting, options: { num_predict: 2000 } }, piece: /"content":"[^"]/, complete: /"done":true/, broken: { error: expect.any(String), code: 'stream_interrupted' } },
  { path: '/v1/messages', body: { messages: counting, max_tokens: 2000, stream: true }, piece: /"text_delta"/, complete: /message_stop|"stop_reason":"/, broken: { type: 'error', error: { type: 'api_error', details: { error_code: 'stream_interrupted' } } } },
  { path: '/v1/responses', body: { input: 'Count from one to a thousand, one number a line.', max_output_tokens: 2000, stream: true }, piece: /output_text\.delta/, complete: /response\.(completed|incomplete)/, broken: { type: 'error', code: 'stream_interrupted' } },
];

describe.skipIf(absent !== '')('real engines behind one address', () => {
  beforeAll(async () => {
    const more = embedded ? [{ id: 'built-in', kind: 'embedded' }] : [];
    // Room for all who come at once: where the one is full, to load the model on the other may be quicker than to wait.
    pair = await startPair({ each: { maxConcurrent: 16 }, more, env: { OAR_CACHE_DIR: cacheFolder(process.env, process.platform, homedir()) } });
  });

  afterAll(() => pair?.stop());

  // First, since later nothing is cold.
  test('a cold model is loaded on one server, whoever asks meanwhile', async () => {
    expect([await pair.first.names('/api/ps'), await pair.second.names('/api/ps')]).toEqual([[], []]);
    const ask = () => pair.router.post('/api/chat', { model, messages: hello, stream: false, options: { ...short, num_predict: 2 } });
    const answers = await Promise.all(Array.from({ length: 12 }, ask));
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
    const served = [...new Set(answers.map((answer) => serverOf(answer).backend))];
    expect(served).toHaveLength(1);
    for (const [id, server] of Object.entries(pair.servers)) expect(await server.names('/api/ps'), id).toEqual(served.includes(id) ? [model] : []);
    expect(await running()).toBe(0);
  });

  test.each(['first', 'second'])('X-OAR-Backend: %s is where it is done', async (backend) => {
    await Promise.all([pair.first.unload(), pair.second.unload()]);
    const response = await pair.router.post('/v1/chat/completions', { model, messages: hello, max_tokens: 1 }, { 'x-oar-backend': backend });
    expect([response.status, serverOf(response).backend]).toEqual([200, backend]);
    for (const [id, server] of Object.entries(pair.servers)) expect(await server.names('/api/ps'), id).toEqual(id === backend ? [model] : []);
  });

  test('copy and delete change the servers that are named, or all that have the model; no others', async () => {
    const manage = async (method: string, path: string, body: Json, headers: Record<string, string> = {}): Promise<[number, string]> => {
      const response = await fetch(`${pair.router.url}${path}`, { method, headers, body: JSON.stringify(body) });
      return [response.status, await response.text()];
    };
    const stored = async () => [await pair.first.names('/api/tags'), await pair.second.names('/api/tags')];
    const [mine, yours] = [['both:135m', 'mine:latest'], ['both:135m', 'yours:latest']];
    expect(await manage('POST', '/api/copy', { source: model, destination: 'again:1', targets: ['second'] })).toEqual([200, '']);
    expect(await stored()).toEqual([mine, ['again:1', ...yours]]);
    expect((await manage('POST', '/api/copy', { source: model, destination: 'again:2' }))[0]).toBe(200);
    expect(await stored()).toEqual([['again:2', ...mine], ['again:1', 'again:2', ...yours]]);
    expect(await manage('DELETE', '/api/delete', { model: 'again:2' }, { 'x-oar-backend': 'first' })).toEqual([200, '']);
    expect(await stored()).toEqual([mine, ['again:1', 'again:2', ...yours]]);
    expect((await manage('DELETE', '/api/delete', { model: 'again:1' }))[0]).toBe(200);
    expect((await manage('DELETE', '/api/delete', { model: 'again:2', targets: ['second'] }))[0]).toBe(200);
    expect(await stored()).toEqual([mine, yours]);
    expect(await manage('DELETE', '/api/delete', { model: 'none:1b' })).toEqual([404, expect.stringContaining('none:1b')]);
    expect(await stored()).toEqual([mine, yours]);
  });

  test('a pull that cannot succeed says so, streamed or not, and changes nothing', async () => {
    // In a domain that no machine has (RFC 6761), so that it is the same with and without a network.
    const wanted = 'registry.invalid/none/none:1b';
    const streamed = await (await pair.router.post('/api/pull', { model: wanted })).text();
    expect(JSON.parse(streamed.trimEnd().split('\n').at(-1) ?? '')).toEqual({ error: expect.stringContaining('pull model manifest') });
    expect(streamed).not.toContain('success');
    const whole = await pair.router.post('/api/pull', { model: wanted, stream: false });
    expect([whole.status, await whole.json()]).toEqual([500, { error: expect.stringContaining('pull model manifest') }]);
    const named = await pair.router.post('/api/pull', { model: wanted, stream: false, targets: ['first', 'second'] });
    expect([named.status >= 500, await named.json()]).toEqual([true, expect.objectContaining({ error: expect.stringContaining('pull model manifest') })]);
    expect([await pair.first.names('/api/tags'), await pair.second.names('/api/tags')]).toEqual([['both:135m', 'mine:latest'], ['both:135m', 'yours:latest']]);
  });

  test.runIf(process.platform === 'linux').each(streams)('$path: when the caller leaves, the engine stops', async ({ path, body, piece }) => {
    const [startedAt, written] = [performance.now(), await tokensWritten()];
    const response = await pair.router.post(path, { model, ...body });
    const { server } = serverOf(response);
    const reading = await beginReading(response, piece);
    const ticks = server.processorTicks();
    await wait(200);
    expect(server.processorTicks()).toBeGreaterThan(ticks);
    const leftAt = performance.now();
    await reading.leave();
    // The connection is closed within 100 ms, and the engine ends the word it is at; a busy machine gets more. The whole answer takes a minute.
    expect(await untilIdle(server)).toBeLessThan(2000);
    expect(await running()).toBe(0);
    const id = response.headers.get('x-oar-request-id') ?? '';
    await expect.poll(() => requestLine(id)).toMatchObject({ outcome: 'cancelled' });
    expect(Number(requestLine(id)['totalMs']) - (leftAt - startedAt)).toBeLessThan(1000);
    await expect.poll(tokensWritten, { timeout: 2000 }).toBeGreaterThan(written);
  });

  test.runIf(embedded)('the embedded engine is one of them: text, Anthropic\'s API, structured output', async () => {
    const capital = [{ role: 'user' as const, content: 'What is the capital of France?' }];
    const answer = await pair.router.post('/api/chat', { model: 'smollm2:135m', messages: capital, stream: false, options: { ...short, num_predict: 30 } });
    expect([answer.status, answer.headers.get('x-oar-backend')]).toEqual([200, 'built-in']);
    expect(await answer.json()).toMatchObject({ message: { content: expect.stringContaining('Paris') }, done: true, done_reason: 'stop' });
    const client = new Anthropic({ baseURL: pair.router.url, apiKey: 'unused', maxRetries: 0 });
    const message = await client.messages.stream({ model: 'smollm2:135m', max_tokens: 30, temperature: 0, messages: capital }).finalMessage();
    expect(message).toMatchObject({ content: [{ type: 'text', text: expect.stringContaining('Paris') }], stop_reason: 'end_turn' });
    const schema = { type: 'object', properties: { answer: { type: 'boolean' } }, required: ['answer'], additionalProperties: false };
    const water = [{ role: 'user' as const, content: 'Is water wet?' }];
    const parsed = await client.messages.create({ model: 'smollm2:135m', max_tokens: 60, messages: water, output_config: { format: { type: 'json_schema', schema } } });
    expect(JSON.parse(parsed.content.map((block) => (block.type === 'text' ? block.text : '')).join(''))).toEqual({ answer: expect.any(Boolean) });
    const formatted = await pair.router.post('/api/chat', { model: 'smollm2:135m', messages: water, format: schema, stream: false, options: { num_predict: 60 } });
    expect(JSON.parse(((await formatted.json()) as { message: { content: string } }).message.content)).toEqual({ answer: expect.any(Boolean) });
    expect(((await pair.router.json('/v1/models')).data as Json[]).map(({ id }) => id)).toEqual(expect.arrayContaining([model, 'smollm2:135m']));
  });

  // Last, since they end what the others need.
  test.each(streams)('$path: kill -9 of the engine in the middle is an error, the other takes the next, and back it serves again', async ({ path, body, piece, complete, broken }) => {
    const response = await pair.router.post(path, { model, ...body });
    const { backend, server } = serverOf(response);
    const reading = await beginReading(response, piece);
    await server.kill();
    const text = reading.beginning + (await reading.rest());
    expect(text).not.toMatch(complete);
    expect(JSON.parse(text.trimEnd().split('\n').at(-1)?.replace(/^data: /, '') ?? '')).toMatchObject(broken);
    const next = await pair.router.post('/api/chat', { model, messages: hello, stream: false, options: short });
    expect([next.status, serverOf(next).backend]).toEqual([200, otherThan(backend)]);
    await server.start();
    const startedAt = performance.now();
    const back = await pair.router.post('/api/chat', { model, messages: hello, stream: false, options: short }, { 'x-oar-backend': backend });
    expect([back.status, serverOf(back).backend]).toEqual([200, backend]);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(((await back.json()) as { message: { content: string } }).message.content).toBe(((await next.json()) as { message: { content: string } }).message.content);
  });

  test('what waits in an engine that is killed is done by the other', async () => {
    const warm = await pair.router.post('/api/chat', { model, messages: hello, stream: false, options: short }, { 'x-oar-backend': 'first' });
    expect(warm.status).toBe(200);
    await pair.second.unload();
    const loaded = async () => ((await pair.router.json('/v1/router/runtime')) as { loadedModels: Json[] }).loadedModels.filter(({ name }) => name === model).map(({ backend }) => backend);
    await expect.poll(loaded, { timeout: 15_000 }).toEqual(['first']);
    const response = await pair.router.post('/api/chat', { model, messages: counting, options: { num_predict: 2000 } });
    const reading = await beginReading(response, /"content":"[^"]/);
    // The first does one thing at a time, so this one has had no answer when it dies.
    const waiting = pair.router.post('/api/chat', { model, messages: hello, stream: false, options: short });
    await expect.poll(running).toBe(2);
    await pair.first.kill();
    expect(await reading.rest()).toContain('stream_interrupted');
    const answer = await waiting;
    expect([answer.status, response.headers.get('x-oar-backend'), answer.headers.get('x-oar-backend'), answer.headers.get('x-oar-attempts')]).toEqual([200, 'first', 'second', '2']);
    expect(await answer.json()).toMatchObject({ message: ((await warm.json()) as Json)['message'], done: true });
    expect(await running()).toBe(0);
  });
});
