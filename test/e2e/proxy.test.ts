/** Every API and every official client through the router, against what two real Ollamas say when they are asked directly. Needs a build, OAR_TEST_OLLAMA_BIN and OAR_TEST_GGUF. */
import Anthropic from '@anthropic-ai/sdk';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany, generateText, streamText } from 'ai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { absent, type Json, type RealPair, startPair } from '../support/real-ollama.ts';
import { keepForFile } from '../support/router-process.ts';

if (absent) console.log(`left out: the tests of the proxy against real Ollamas, for want of ${absent}`);

keepForFile();

let pair: RealPair;

const model = 'both:135m';
const question = 'Say hello.';
const hello = [{ role: 'user' as const, content: question }];
const openAiLimit = (tokens: number) => ({ max_tokens: tokens, temperature: 0, seed: 7 });
const ollamaLimit = (tokens: number) => ({ options: { num_predict: tokens, temperature: 0, seed: 7 } });
const openAiOptions = openAiLimit(12);
const { options } = ollamaLimit(12);
const counted = { stream: true, stream_options: { include_usage: true } };
const anthropic = { model, max_tokens: 12, temperature: 0, messages: hello };

/** How an API asks the question, and where its answers say things; the paths go into the whole answer and into the events of a stream. */
interface Api {
  readonly path: string;
  readonly question: Json;
  /** Fields for an answer of that many tokens. */
  limit(tokens: number): Json;
  readonly whole: Json;
  readonly stream: Json;
  readonly text: string;
  readonly piece: string;
  readonly counts: readonly [string, string];
  /** Where and how it says that the limit of tokens was reached. */
  readonly cut: readonly [string, string];
  /** How a complete stream ends. */
  readonly end: RegExp;
}

const openAiApi = { limit: openAiLimit, whole: {}, stream: counted, counts: ['prompt_tokens', 'completion_tokens'], cut: ['choices.0.finish_reason', 'length'], end: /\ndata: \[DONE\]\n\n$/ } as const;
const ollamaApi = { limit: ollamaLimit, whole: { stream: false }, stream: {}, counts: ['prompt_eval_count', 'eval_count'], cut: ['done_reason', 'length'], end: /"done":true[^\n]*\n$/ } as const;
const youngApi = { whole: {}, stream: { stream: true }, counts: ['input_tokens', 'output_tokens'] } as const;

const apis: readonly Api[] = [
  { ...openAiApi, path: '/v1/chat/completions', question: { messages: hello }, text: 'choices.0.message.content', piece: 'choices.0.delta.content' },
  { ...openAiApi, path: '/v1/completions', question: { prompt: question }, text: 'choices.0.text', piece: 'choices.0.text' },
  { ...ollamaApi, path: '/api/chat', question: { messages: hello }, text: 'message.content', piece: 'message.content' },
  { ...ollamaApi, path: '/api/generate', question: { prompt: question }, text: 'response', piece: 'response' },
  { ...youngApi, path: '/v1/messages', question: { messages: hello }, limit: (tokens) => ({ max_tokens: tokens, temperature: 0 }), text: 'content.0.text', piece: 'delta.text', cut: ['stop_reason', 'max_tokens'], end: /"type":"message_stop"\}\n\n$/ },
  { ...youngApi, path: '/v1/responses', question: { input: question }, limit: (tokens) => ({ max_output_tokens: tokens, temperature: 0 }), text: 'output.0.content.0.text', piece: 'delta', cut: ['status', 'incomplete'], end: /"type":"response\.incomplete"[^\n]*\n\n$/ },
];

/** What is at a dotted path, if anything is. */
function at(value: unknown, path: string): unknown {
  return path.split('.').reduce((inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Json)[key] : undefined), value);
}

function eventsIn(text: string): unknown[] {
  return text.split('\n').map((line) => line.replace(/^data: /, '')).filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as unknown);
}

/** What it says last under these names, wherever that is. */
function countsIn(text: string, [prompt, completion]: readonly [string, string]): number[] {
  return [prompt, completion].map((name) => Number([...text.matchAll(new RegExp(`"${name}":\\s*(\\d+)`, 'g'))].at(-1)?.[1]));
}

async function textOf(response: Response): Promise<string> {
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text;
}

async function ask(path: string, body: Json): Promise<Json> {
  return JSON.parse(await textOf(await pair.router.post(path, body))) as Json;
}

async function askDirectly(path: string, body: Json): Promise<Json> {
  return JSON.parse(await textOf(await pair.first.post(path, body))) as Json;
}

function expectServedBy({ headers }: Response, backend: string, asked: string): void {
  expect([headers.get('x-oar-backend'), headers.get('x-oar-requested-model'), headers.get('x-oar-model')]).toEqual([backend, asked, asked.replace(/(:latest)?$/, ':latest')]);
}

/** All numbers within 1e-5 of the expected ones. */
function expectVector(seen: unknown, expected: readonly number[]): void {
  expect(seen).toHaveLength(expected.length);
  const furthest = Math.max(...(seen as number[]).map((value, index) => Math.abs(value - (expected[index] ?? Number.NaN))));
  expect(furthest).toBeLessThanOrEqual(1e-5);
}

const floatsIn = (base64: string): number[] => {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
};

describe.skipIf(absent !== '')('two real Ollamas behind one address', () => {
  /** What Ollama itself answers to the question. */
  let said = '';
  let counts: number[] = [];

  beforeAll(async () => {
    pair = await startPair();
    const body = await askDirectly('/api/chat', { model, messages: hello, options, stream: false });
    said = String(at(body, 'message.content'));
    counts = [Number(body['prompt_eval_count']), Number(body['eval_count'])];
    expect(said).toMatch(/\S/);
    expect(counts[1]).toBe(12);
  });

  afterAll(() => pair?.stop());

  test.each(apis)('$path gives Ollama\'s text and counts, whole and streamed', async (api) => {
    const body = { model, ...api.question, ...api.limit(12) };
    const direct = await askDirectly(api.path, { ...body, ...api.whole });
    const whole = await textOf(await pair.router.post(api.path, { ...body, ...api.whole }));
    expect([at(direct, api.text), at(JSON.parse(whole), api.text)]).toEqual([said, said]);
    expect(countsIn(whole, api.counts)).toEqual(counts);
    expect(at(JSON.parse(whole), api.cut[0])).toBe(api.cut[1]);
    const streamed = await textOf(await pair.router.post(api.path, { ...body, ...api.stream }));
    const events = eventsIn(streamed);
    const pieces = events.map((event) => at(event, api.piece)).filter((piece) => typeof piece === 'string');
    expect(pieces.length).toBeGreaterThan(6);
    expect(pieces.join('')).toBe(said);
    expect(countsIn(streamed, api.counts)).toEqual(counts);
    expect(streamed).toMatch(api.end);
  });

  test('a raw prompt goes without template', async () => {
    const body = { model, prompt: 'Once upon a', raw: true, options, stream: false };
    const [direct, routed] = [await askDirectly('/api/generate', body), await ask('/api/generate', body)];
    expect(routed).toMatchObject({ response: direct['response'], prompt_eval_count: direct['prompt_eval_count'], eval_count: 12 });
    expect(routed['response']).not.toBe(said);
    expect(Number(routed['prompt_eval_count'])).toBeLessThan(counts[0] ?? 0);
  });

  test('embeddings are the vectors of Ollama, at every address and in either form', async () => {
    const input = ['hello', 'Zażółć gęślą jaźń'];
    const direct = (await askDirectly('/api/embed', { model, input }))['embeddings'] as number[][];
    const embedded = await ask('/api/embed', { model, input });
    expect(embedded['prompt_eval_count']).toBeGreaterThan(2);
    for (const [index, vector] of direct.entries()) expectVector((embedded['embeddings'] as unknown[])[index], vector);
    expectVector((await ask('/api/embeddings', { model, prompt: input[1] }))['embedding'], (await askDirectly('/api/embeddings', { model, prompt: input[1] }))['embedding'] as number[]);
    const floats = await ask('/v1/embeddings', { model, input });
    const base64 = await ask('/v1/embeddings', { model, input, encoding_format: 'base64' });
    for (const [index, vector] of direct.entries()) {
      expectVector(at(floats, `data.${index}.embedding`), vector);
      expectVector(floatsIn(String(at(base64, `data.${index}.embedding`))), vector);
    }
    expect(countsIn(JSON.stringify(floats), ['prompt_tokens', 'total_tokens'])).toEqual([embedded['prompt_eval_count'], embedded['prompt_eval_count']]);
    const four = (await askDirectly('/v1/embeddings', { model, input, dimensions: 4 }));
    expectVector(at(await ask('/v1/embeddings', { model, input, dimensions: 4 }), 'data.1.embedding'), at(four, 'data.1.embedding') as number[]);
    expect(at(await ask('/api/embed', { model, input, dimensions: 4 }), 'embeddings.1')).toHaveLength(4);
  });

  test('what either server has is listed once and reached by either spelling; the header names the server', async () => {
    const names = ['auto', 'both:135m', 'mine:latest', 'yours:latest'];
    expect(((await pair.router.json('/api/tags')).models as Json[]).map(({ name }) => name).sort()).toEqual(names);
    expect(((await pair.router.json('/v1/models')).data as Json[]).map(({ id }) => id).sort()).toEqual(names);
    const spellings = [['mine', 'first'], ['mine:latest', 'first'], ['yours', 'second'], ['yours:latest', 'second']] as const;
    for (const [index, { path, question: fields, limit, whole, text }] of apis.entries()) {
      const [asked, backend] = spellings[index % spellings.length] ?? spellings[0];
      const response = await pair.router.post(path, { ...fields, ...limit(3), ...whole, model: asked });
      expect(said.startsWith(String(at(JSON.parse(await textOf(response)), text)))).toBe(true);
      expectServedBy(response, backend, asked);
    }
    for (const [asked, backend] of spellings) {
      const response = await pair.router.post('/v1/embeddings', { model: asked, input: question });
      await textOf(response);
      expectServedBy(response, backend, asked);
    }
  });

  test('X-OAR-Backend of a request is strict', async () => {
    for (const backend of ['first', 'second']) {
      const response = await pair.router.post('/v1/messages', { ...anthropic, max_tokens: 1 }, { 'x-oar-backend': backend });
      await textOf(response);
      expect(response.headers.get('x-oar-backend')).toBe(backend);
    }
    for (const [wanted, asked] of [['first', 'yours'], ['third', model]] as const) {
      const refused = await pair.router.post('/v1/chat/completions', { model: asked, messages: hello }, { 'x-oar-backend': wanted });
      expect([refused.status, await refused.json()]).toEqual([503, { error: expect.objectContaining({ code: 'no_capacity', message: expect.stringContaining(wanted) }) }]);
    }
  });

  test('the tokens counted are those that the engines told', async () => {
    const rows = async (): Promise<Map<string, [number, number]>> => {
      const { breakdown } = (await pair.router.json('/api/token_counts')) as { breakdown: { endpoint: string; model: string; input_tokens: number; output_tokens: number }[] };
      return new Map(breakdown.map((row) => [`${row.endpoint} ${row.model}`, [row.input_tokens, row.output_tokens]]));
    };
    const before = await rows();
    const told = new Map<string, [number, number]>();
    for (const [name, server, form] of [['mine', pair.first, 'whole'], ['yours', pair.second, 'stream']] as const) {
      const sum: [number, number] = [0, 0];
      for (const api of apis) {
        const [input = 0, output = 0] = countsIn(await textOf(await pair.router.post(api.path, { ...api.question, ...api.limit(3), ...api[form], model: name })), api.counts);
        sum[0] += input;
        sum[1] += output;
      }
      sum[0] += Number((await ask('/api/embed', { model: name, input: 'hello there' }))['prompt_eval_count']);
      told.set(`${server.url} ${name}:latest`, sum);
    }
    const after = await rows();
    for (const [key, sum] of told) expect((after.get(key) ?? []).map((value, index) => value - (before.get(key)?.[index] ?? 0)), key).toEqual(sum);
    const totals = [...after.values()].flat().reduce((sum, value) => sum + value, 0);
    expect((await pair.router.json('/api/token_counts')).total_tokens).toBe(totals);
    const { token_usage_counts: usage } = (await pair.router.json('/api/usage')) as { token_usage_counts: Record<string, Record<string, number>> };
    for (const [key, [input, output]] of after) expect(at(usage[key.split(' ')[0] ?? ''], key.split(' ')[1] ?? ''), key).toBe(input + output);
  });

  test('@anthropic-ai/sdk', async () => {
    const client = new Anthropic({ baseURL: pair.router.url, apiKey: 'unused', maxRetries: 0 });
    const message = await client.messages.create(anthropic);
    expect(message).toMatchObject({ role: 'assistant', content: [{ type: 'text', text: said }], stop_reason: 'max_tokens', usage: { input_tokens: counts[0], output_tokens: counts[1] } });
    const final = await client.messages.stream(anthropic).finalMessage();
    expect(final).toMatchObject({ content: [{ type: 'text', text: said }], stop_reason: 'max_tokens', usage: { input_tokens: counts[0], output_tokens: counts[1] } });
    expect((await client.messages.countTokens({ model, messages: hello })).input_tokens).toBeGreaterThan(0);
    const ids: string[] = [];
    for await (const listed of client.models.list()) ids.push(listed.id);
    expect(ids).toEqual(expect.arrayContaining([model, 'mine:latest', 'yours:latest']));
  });

  test('openai', async () => {
    const client = new OpenAI({ baseURL: `${pair.router.url}/v1`, apiKey: 'unused', maxRetries: 0 });
    const answer = await client.chat.completions.create({ model, messages: hello, ...openAiOptions });
    expect([answer.choices[0]?.message.content, answer.usage?.prompt_tokens, answer.usage?.completion_tokens]).toEqual([said, ...counts]);
    expect(await client.chat.completions.stream({ model, messages: hello, ...openAiOptions }).finalContent()).toBe(said);
    const completion = await client.completions.create({ model, prompt: question, ...openAiOptions });
    expect([completion.choices[0]?.text, completion.usage?.prompt_tokens]).toEqual([said, counts[0]]);
    const direct = (await askDirectly('/api/embed', { model, input: question }))['embeddings'] as number[][];
    const embedding = await client.embeddings.create({ model, input: question });
    expectVector(embedding.data[0]?.embedding, direct[0] ?? []);
    expect((await client.embeddings.create({ model, input: question, dimensions: 4, encoding_format: 'float' })).data[0]?.embedding).toHaveLength(4);
    expect((await client.models.list()).data.map(({ id }) => id)).toContain('yours:latest');
    expect(await client.models.retrieve(model)).toMatchObject({ id: model, object: 'model' });
  });

  test('openai: responses go on from an earlier one', async () => {
    const client = new OpenAI({ baseURL: `${pair.router.url}/v1`, apiKey: 'unused', maxRetries: 0 });
    const first = await client.responses.create({ model, input: question, max_output_tokens: 12, temperature: 0 });
    expect(first).toMatchObject({ output_text: said, usage: { input_tokens: counts[0], output_tokens: counts[1] } });
    const next = 'And now in French.';
    const second = await client.responses.stream({ model, input: next, previous_response_id: first.id, max_output_tokens: 12, temperature: 0 }).finalResponse();
    const messages = [...hello, { role: 'assistant', content: said }, { role: 'user', content: next }];
    const direct = await askDirectly('/api/chat', { model, messages, options, stream: false });
    expect(second.output_text).toBe(at(direct, 'message.content'));
    expect(second).toMatchObject({ previous_response_id: first.id, usage: { input_tokens: direct['prompt_eval_count'], output_tokens: direct['eval_count'] } });
    await expect(client.responses.create({ model, input: next, previous_response_id: 'resp_unknown' })).rejects.toMatchObject({ status: expect.any(Number), message: expect.stringContaining('resp_unknown') });
  });

  test('ollama', async () => {
    const client = new Ollama({ host: pair.router.url });
    expect(await client.chat({ model, messages: hello, options })).toMatchObject({ message: { content: said }, done_reason: 'length', prompt_eval_count: counts[0], eval_count: counts[1] });
    let text = '';
    for await (const part of await client.generate({ model, prompt: question, options, stream: true })) text += part.response;
    expect(text).toBe(said);
    const direct = (await askDirectly('/api/embed', { model, input: question }))['embeddings'] as number[][];
    expectVector((await client.embed({ model, input: question })).embeddings[0], direct[0] ?? []);
    expectVector((await client.embeddings({ model, prompt: question })).embedding, (await askDirectly('/api/embeddings', { model, prompt: question }))['embedding'] as number[]);
    expect((await client.list()).models.map(({ name }) => name)).toEqual(expect.arrayContaining([model, 'mine:latest', 'yours:latest']));
    expect(await client.show({ model: 'yours' })).toMatchObject({ details: { family: 'llama' }, capabilities: expect.arrayContaining(['completion']) });
    await expect.poll(async () => (await client.ps()).models.map(({ name }) => name), { timeout: 15_000 }).toContain(model);
    expect((await client.version()).version).toBe((await pair.first.json('/api/version')).version);
    await client.copy({ source: 'yours', destination: 'again:1' });
    expect([await pair.first.names('/api/tags'), await pair.second.names('/api/tags')]).toEqual([['both:135m', 'mine:latest'], ['again:1', 'both:135m', 'yours:latest']]);
    // A change of the servers is in the lists within seconds.
    await expect.poll(async () => (await client.list()).models.map(({ name }) => name)).toContain('again:1');
    expect((await client.chat({ model: 'again:1', messages: hello, options })).message.content).toBe(said);
    await client.delete({ model: 'again:1' });
    expect(await pair.second.names('/api/tags')).toEqual(['both:135m', 'yours:latest']);
    await expect(client.chat({ model: 'again:1', messages: hello })).rejects.toMatchObject({ status_code: 404 });
  });

  test('ai', async () => {
    const provider = createOpenAICompatible({ name: 'oar', baseURL: `${pair.router.url}/v1`, includeUsage: true });
    const settings = { model: provider(model), prompt: question, maxOutputTokens: 12, temperature: 0, seed: 7, maxRetries: 0 };
    const answer = await generateText(settings);
    expect([answer.text, answer.finishReason, answer.usage.inputTokens, answer.usage.outputTokens]).toEqual([said, 'length', ...counts]);
    const stream = streamText(settings);
    expect([await stream.text, (await stream.usage).outputTokens]).toEqual([said, counts[1]]);
    const { embeddings } = await embedMany({ model: provider.embeddingModel(model), values: [question], maxRetries: 0 });
    expectVector(embeddings[0], ((await askDirectly('/api/embed', { model, input: question }))['embeddings'] as number[][])[0] ?? []);
  });
});
