/** Embeddings over real sockets: any address to any kind of server, by the official clients too, and what happens when one fails. */
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import type { FakeBackend } from '../fakes/backend.ts';
import { answerJson, type Handlers, ollamaEmbed, ollamaEmbedding, ollamaEmbeddings, openAiEmbeddings, plainEmbeddings, tokensOf, vectorOf } from '../fakes/media.ts';
import { ask, backendsOf, errorIn, expectAtRest, fakeServer, faultsOf, type Json, routerWith } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

const openAi = '/v1/embeddings';
const embed = '/api/embed';
const embeddings = '/api/embeddings';
const model = 'nomic-embed-text';
const texts = ['Hello there', 'Zażółć gęślą jaźń 🐢', 'x'];

interface Bed {
  readonly fake: FakeBackend;
  readonly router: TestRouter;
}

async function bed(software: 'ollama' | 'openai', handlers: Handlers, config: Json = {}): Promise<Bed> {
  const fake = await fakeServer({ software, models: [{ name: model, contextLength: 64, capabilities: ['embedding'] }], handlers });
  return { fake, router: await routerWith({ backends: backendsOf({ one: fake }), ...config }) };
}

const servers = [
  ['ollama', ollamaEmbedding],
  ['openai', { 'POST /v1/embeddings': openAiEmbeddings }],
] as const;

describe.each(servers)('a server of kind %s', (software, handlers) => {
  test('answers at every address with every vector', async () => {
    const { fake, router } = await bed(software, handlers);
    const first = await ask(router, openAi, { model, input: texts });
    expect(first.body).toMatchObject({ object: 'list', usage: { prompt_tokens: tokensOf(texts), total_tokens: tokensOf(texts) } });
    expect((first.body['data'] as Json[]).map((row) => row['embedding'])).toEqual(texts.map((text) => vectorOf(text)));
    expect(first.headers.get('x-oar-backend')).toBe('one');
    const second = await ask(router, embed, { model, input: texts });
    expect(second.body).toMatchObject({ embeddings: texts.map((text) => vectorOf(text)), prompt_eval_count: tokensOf(texts) });
    const third = await ask(router, embeddings, { model, prompt: texts[1] });
    expect(third.body).toEqual({ embedding: vectorOf(texts[1] ?? '') });
    expect(fake.requests.map((request) => request.path)).toEqual(software === 'ollama' ? [openAi, embed, embeddings] : [openAi, openAi, openAi]);
    expect(router.lines.filter((line) => line.message === 'request').map((line) => line.fields)).toMatchObject([{ promptTokens: tokensOf(texts) }, { promptTokens: tokensOf(texts) }, {}]);
    await expectAtRest(router);
  });

  test('serves the official OpenAI client, which asks for base64', async () => {
    const { fake, router } = await bed(software, handlers);
    const client = new OpenAI({ baseURL: `${router.url}/v1`, apiKey: 'unused', maxRetries: 0 });
    const answer = await client.embeddings.create({ model, input: texts });
    expect(answer.data.map((row) => row.embedding)).toEqual(texts.map((text) => vectorOf(text)));
    expect(fake.requests.at(-1)?.body).toMatchObject({ encoding_format: 'base64' });
    const short = await client.embeddings.create({ model, input: 'one', dimensions: 2, encoding_format: 'float' });
    expect(short.data[0]?.embedding).toEqual(vectorOf('one', 2));
    expect(short.usage).toEqual({ prompt_tokens: 1, total_tokens: 1 });
  });

  test('serves the official Ollama client', async () => {
    const { router } = await bed(software, handlers);
    const client = new Ollama({ host: router.url });
    expect((await client.embed({ model, input: texts })).embeddings).toEqual(texts.map((text) => vectorOf(text)));
    expect((await client.embed({ model, input: 'one', dimensions: 2 })).embeddings).toEqual([vectorOf('one', 2)]);
    expect((await client.embeddings({ model, prompt: 'one' })).embedding).toEqual(vectorOf('one'));
  });

  test('is relayed byte for byte, both ways', async () => {
    const wire = `{ "model": "${model}", "input" : ["a"], "later":1e2 }`;
    const bytes = '{"object":"list",\n "data":[{"object":"embedding","index":0,"embedding":[1e-1,0.20]}],"model":"x","later":null}';
    const { fake, router } = await bed(software, { 'POST /v1/embeddings': (_request, response) => answerJson(response, 200, bytes) });
    expect((await ask(router, openAi, wire)).text).toBe(bytes);
    expect(fake.requests[0]?.text.replace(`${model}:latest`, model)).toBe(wire);
  });
});

test('a server that ignores base64 does not make the official client read zeros', async () => {
  const { router } = await bed('openai', { 'POST /v1/embeddings': plainEmbeddings });
  const client = new OpenAI({ baseURL: `${router.url}/v1`, apiKey: 'unused', maxRetries: 0 });
  expect((await client.embeddings.create({ model, input: texts })).data.map((row) => row.embedding)).toEqual(texts.map((text) => vectorOf(text)));
});

test('a server that ignores `dimensions` does not pass for one that obeys', async () => {
  const { router } = await bed('openai', { 'POST /v1/embeddings': plainEmbeddings });
  const answer = await ask(router, embed, { model, input: 'a', dimensions: 2 });
  expect([answer.status, errorIn(answer.body)]).toMatchObject([400, { code: 'unsupported_feature', message: expect.stringContaining('`dimensions` is 2') }]);
});

test('a model of a server that cannot embed is not found wanting in silence', async () => {
  const { router } = await bed('openai', { 'POST /v1/embeddings': (_request, response) => answerJson(response, 501, { error: { code: 501, message: 'This server does not support embeddings. Start it with `--embeddings`', type: 'not_supported_error' } }) });
  const answer = await ask(router, openAi, { model, input: 'a' });
  expect([answer.status, errorIn(answer.body).message]).toEqual([502, expect.stringContaining('--embeddings')]);
});

test('without a model the one that embeds is taken', async () => {
  const { router } = await bed('ollama', ollamaEmbedding);
  for (const [path, body] of [[openAi, { input: 'a' }], [embed, { input: 'a' }], [embeddings, { prompt: 'a' }]] as const) {
    const answer = await ask(router, path, body);
    expect([answer.status, answer.headers.get('x-oar-model')]).toEqual([200, model]);
  }
});

test('many texts are not one long one: each has the context for itself', async () => {
  const { router } = await bed('ollama', ollamaEmbedding);
  const many = Array.from({ length: 50 }, (_, index) => `${index} and forty more letters behind it, all in all`);
  const answer = await ask(router, embed, { model, input: many });
  expect([answer.status, (answer.body['embeddings'] as unknown[] | undefined)?.length]).toEqual([200, 50]);
});

test('what the file says of keep_alive is put in where Ollama reads it, and named', async () => {
  const { fake, router } = await bed('ollama', ollamaEmbedding, { ollama: { keepAlive: '7m' } });
  for (const [path, body] of [[embed, { model, input: 'a' }], [embeddings, { model, prompt: 'a' }], [openAi, { model, input: 'a' }]] as const) {
    const { headers } = await ask(router, path, body);
    expect([fake.requests.at(-1)?.body?.['keep_alive'], headers.get('x-oar-rewrites')]).toEqual(path === openAi ? [undefined, null] : ['7m', 'keep_alive']);
  }
  await ask(router, embed, { model, input: 'a', keep_alive: '1m' });
  expect(fake.requests.at(-1)?.body?.['keep_alive']).toBe('1m');
});

describe('what is wrong', () => {
  test('with the request is 400 naming the field, in the shape of the API', async () => {
    const { fake, router } = await bed('ollama', ollamaEmbedding);
    for (const body of [{ model }, { model, input: '' }, { model, input: [] }]) {
      const { status, body: told } = await ask(router, openAi, body);
      expect([status, told]).toMatchObject([400, { error: { type: 'invalid_request_error', code: 'invalid_request', param: 'input' } }]);
    }
    expect(await ask(router, embed, { model, prompt: 'a' })).toMatchObject({ status: 400, body: { error: expect.stringContaining('`input`') } });
    expect(await ask(router, embeddings, { model, prompt: 3 })).toMatchObject({ status: 400, body: { error: expect.stringContaining('`prompt`') } });
    expect(await ask(router, openAi, { model: 'none', input: 'a' })).toMatchObject({ status: 404, body: { error: { code: 'unknown_model' } } });
    expect(fake.requests).toEqual([]);
  });

  test('with one server is tried on the next', async () => {
    const failures: Handlers[string][] = [
      (_request, response) => answerJson(response, 500, { error: 'llama runner process has terminated' }),
      (_request, response) => answerJson(response, 200, '{"model":"m","embeddings":[[0.1,'),
      (_request, response) => answerJson(response, 200, '<html>'),
      (_request, response) => answerJson(response, 200, { error: 'no memory' }),
      (_request, response) => answerJson(response, 200, '{"model":"m","embeddings":[[NaN]],"data":[{"embedding":[NaN]}]}'),
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
        response.write('{"embeddings":', () => response.socket?.destroy());
      },
    ];
    for (const failing of failures) {
      const models = [{ name: model, capabilities: ['embedding'] }];
      const bad = await fakeServer({ models, handlers: { 'POST /api/embed': failing, 'POST /v1/embeddings': failing } });
      const good = await fakeServer({ models, handlers: { 'POST /api/embed': ollamaEmbed, 'POST /v1/embeddings': openAiEmbeddings } });
      const router = await routerWith({ backends: [...backendsOf({ bad }, { priority: 9 }), ...backendsOf({ good })] });
      for (const path of [embed, openAi]) {
        const answer = await ask(router, path, { model, input: 'a' });
        expect([answer.status, answer.headers.get('x-oar-backend')]).toEqual([200, 'good']);
        expect(answer.text).toContain(JSON.stringify(vectorOf('a')));
      }
      expect(bad.requests.length).toBeGreaterThan(0);
      expect(faultsOf(router)).toEqual([]);
      await expectAtRest(router);
    }
  });

  test('with every server is an error, never a short answer', async () => {
    const first: Handlers[string] = ({ body }, response) => answerJson(response, 200, { data: [{ embedding: vectorOf(String(body?.['input'])), index: 0 }] });
    const { router } = await bed('openai', { 'POST /v1/embeddings': first });
    const answer = await ask(router, embed, { model, input: ['a', 'b'] });
    expect([answer.status, errorIn(answer.body)]).toMatchObject([502, { code: 'backend_protocol', message: expect.stringContaining('1 vectors for 2 inputs') }]);
  });
});

test('token arrays go through as they are', async () => {
  const { fake, router } = await bed('openai', { 'POST /v1/embeddings': openAiEmbeddings });
  expect((await ask(router, openAi, { model, input: [[1, 2], [3]] })).status).toBe(200);
  expect(fake.requests[0]?.body).toEqual({ model, input: [[1, 2], [3]] });
});

test('the older API takes its text as `input` too, and sends it as Ollama reads it (FL-D15)', async () => {
  const { router } = await bed('ollama', { 'POST /api/embeddings': ollamaEmbeddings });
  expect((await ask(router, embeddings, { model, input: 'a' })).body).toEqual({ embedding: vectorOf('a') });
});
