/** The router in front of a real Ollama with a real, very small model. Needs a build, OAR_TEST_OLLAMA_BIN and OAR_TEST_GGUF. */
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { absent, type Json, RealOllama } from '../support/real-ollama.ts';
import { configFile, freePort, keepForFile, newFolder, plainConfig, RouterProcess } from '../support/router-process.ts';

if (absent) console.log(`left out: the tests against a real Ollama, for want of ${absent}`);

keepForFile();

let server: RealOllama;
let router: RouterProcess;

const hello = [{ role: 'user', content: 'Say hello.' }];
const short = { num_predict: 12, temperature: 0, seed: 7 };
const openAiShort = { max_tokens: 12, temperature: 0, seed: 7 };

/** The names of all fields, at any depth; what they hold may differ from call to call. */
function shapeOf(value: unknown, at = ''): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((one) => shapeOf(one, `${at}[]`)))];
  if (typeof value !== 'object' || value === null) return [`${at}:${typeof value}`];
  return Object.entries(value).flatMap(([key, inner]) => shapeOf(inner, `${at}.${key}`));
}

/** The shapes of a stream's parts in order, repetitions once, and how they are set apart. */
function streamShape(text: string): { frames: string[]; end: string } {
  const frames = text.split('\n').map((line) => (line.startsWith('data: {') ? `data: ${JSON.stringify(shapeOf(JSON.parse(line.slice(6))))}` : line.startsWith('{') ? JSON.stringify(shapeOf(JSON.parse(line))) : line));
  const pairs = frames.join('\n').split(/\n(?=data: |\{|\[)/);
  return { frames: pairs.filter((frame, index) => frame !== pairs[index - 1]), end: /\n*$/.exec(text)?.[0] ?? '' };
}

describe.skipIf(absent !== '')('a real Ollama', () => {
  beforeAll(async () => {
    const folder = newFolder();
    server = new RealOllama(await freePort(), folder);
    await server.start();
    server.create('small:135m');
    server.create('coder:135m');
    const models = [
      { name: 'small:135m', purpose: ['simple_chat', 'triage'], costClass: 'low', allowWhenBusy: true },
      { name: 'coder:135m', purpose: ['code_generate', 'code_fix'], allowWhenBusy: true },
    ];
    const config = plainConfig(server.url, folder, { models, routes: { simple_chat: ['small:135m'], code_generate: ['coder:135m'], unknown: ['small:135m'] } });
    router = await RouterProcess.serve(configFile(config, folder));
  });

  afterAll(async () => {
    await router?.stop();
    await server?.kill();
  });

  test('requests are routed by task', async () => {
    for (const [prompt, model, task] of [['Hello, how are you?', 'small:135m', 'simple_chat'], ['Write a Python function that adds two numbers.', 'coder:135m', 'code_generate']] as const) {
      const response = await router.post('/v1/chat/completions', { model: 'auto', messages: [{ role: 'user', content: prompt }], ...openAiShort });
      expect(response.status).toBe(200);
      const body = (await response.json()) as Json;
      expect(body).toMatchObject({ model, object: 'chat.completion', choices: [{ message: { role: 'assistant', content: expect.stringMatching(/\S/) } }], router: { taskType: task, selectedModel: model } });
      expect(response.headers.get('x-oar-model')).toBe(model);
    }
  });

  test.each([
    ['/v1/chat/completions', { ...openAiShort, messages: hello }],
    ['/v1/chat/completions', { ...openAiShort, messages: hello, stream: true, stream_options: { include_usage: true } }],
    ['/api/chat', { options: short, messages: hello, stream: false }],
    ['/api/chat', { options: short, messages: hello }],
    ['/api/generate', { options: short, prompt: 'Say hello.', stream: false }],
    ['/api/generate', { options: short, prompt: 'Say hello.' }],
  ])('%s %j answers as Ollama itself does', async (path, fields) => {
    const body = { model: 'small:135m', ...fields };
    const [direct, routed] = [await server.post(path, body), await router.post(path, body)];
    expect([routed.status, routed.headers.get('content-type')]).toEqual([direct.status, direct.headers.get('content-type')]);
    const [expected, seen] = [await direct.text(), await routed.text()];
    if (seen.startsWith('{') && !seen.trimEnd().includes('\n')) {
      const { router: told, ...rest } = JSON.parse(seen) as Json;
      expect(shapeOf(rest)).toEqual(shapeOf(JSON.parse(expected)));
      // The file names models, so the answer of the OpenAI chat says how it came about (ruling 10).
      expect(told !== undefined).toBe(path === '/v1/chat/completions');
    } else {
      expect(streamShape(seen)).toEqual(streamShape(expected));
    }
  });

  test('lists, descriptions and version are those of Ollama', async () => {
    const rows = (body: Json): Json[] => (body.models as Json[]).map(({ fleet_nodes: _nodes, fleet_node: _node, ...row }) => row);
    const byName = (list: Json[]): Json[] => list.toSorted((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
    const own = rows(await router.json('/api/tags')).filter((row) => row.name !== 'auto');
    expect(byName(own)).toEqual(byName(rows(await server.json('/api/tags'))));
    expect((await router.json('/api/version')).version).toBe((await server.json('/api/version')).version);
    const described = (await (await router.post('/api/show', { model: 'small:135m' })).json()) as Json;
    const direct = (await (await server.post('/api/show', { model: 'small:135m' })).json()) as Json;
    expect(described).toMatchObject({ details: direct.details, capabilities: direct.capabilities });
    expect(described.model_info).toMatchObject({ 'general.architecture': 'llama', 'llama.context_length': (direct.model_info as Json)['llama.context_length'] });
    expect(((await router.json('/v1/models')).data as Json[]).map((one) => one.id).sort()).toEqual(['auto', 'coder:135m', 'small:135m']);
  });

  test('keep_alive of a native call takes effect, and what is in memory is told with its context', async () => {
    const resident = async (url: string): Promise<Json | undefined> => ((await (await fetch(`${url}/api/ps`)).json()) as { models: Json[] }).models.find((row) => row.name === 'small:135m');
    const ask = (keepAlive: string | number): Promise<Response> => router.post('/api/chat', { model: 'small:135m', messages: hello, stream: false, options: short, keep_alive: keepAlive });
    expect((await ask('2h')).status).toBe(200);
    const now = await resident(server.url);
    const minutes = (Date.parse(String(now?.expires_at)) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(115);
    expect(minutes).toBeLessThan(121);
    await expect.poll(async () => (await resident(router.url))?.expires_at, { timeout: 15_000 }).toBe(now?.expires_at);
    expect(await resident(router.url)).toMatchObject({ size: now?.size, digest: now?.digest, context_length: now?.context_length });
    const { loadedModels } = (await router.json('/v1/router/runtime')) as { loadedModels: Json[] };
    expect(loadedModels).toContainEqual(expect.objectContaining({ name: 'small:135m', processor: '100% CPU', context: now?.context_length }));
    expect((await ask(0)).status).toBe(200);
    await expect.poll(() => resident(server.url), { timeout: 15_000 }).toBeUndefined();
    await expect.poll(() => resident(router.url), { timeout: 15_000 }).toBeUndefined();
  });

  test('clients with different contexts do not load a model anew, and past the router they do', async () => {
    const body = (more: Json = {}): Json => ({ model: 'small:135m', messages: hello, stream: false, options: { ...short, ...more } });
    expect((await router.post('/api/chat', body({ num_ctx: 1024 }))).status).toBe(200);
    const runners = server.runners();
    expect(runners).not.toEqual([]);
    for (const answer of [await router.post('/api/chat', body({ num_ctx: 512 })), await router.post('/api/chat', body()), await router.post('/v1/chat/completions', { model: 'small:135m', messages: hello, ...openAiShort })]) {
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-oar-rewrites')).toContain('num_ctx');
    }
    expect(server.runners()).toEqual(runners);
    expect((await server.post('/api/chat', body({ num_ctx: 512 }))).status).toBe(200);
    expect(server.runners()).not.toEqual(runners);
  });

  test('an unknown model is 404 in the words of either API', async () => {
    const openAi = await router.post('/v1/chat/completions', { model: 'none:1b', messages: hello });
    expect([openAi.status, await openAi.json()]).toEqual([404, { error: expect.objectContaining({ code: 'unknown_model', message: expect.stringContaining('none:1b') }) }]);
    const ollama = await router.post('/api/chat', { model: 'none:1b', messages: hello });
    expect([ollama.status, await ollama.json()]).toEqual([404, expect.objectContaining({ error: expect.stringContaining('none:1b') })]);
  });

  test('a job ends with the answer of the model', async () => {
    const accepted = await router.post('/v1/chat/completions', { model: 'small:135m', messages: hello, ...openAiShort, router: { mode: 'async' } });
    expect(accepted.status).toBe(202);
    const { id } = (await accepted.json()) as { id: string };
    await expect.poll(async () => (await router.json(`/v1/jobs/${id}`)).status, { interval: 100, timeout: 60_000 }).toBe('succeeded');
    expect(await router.json(`/v1/jobs/${id}/result`)).toMatchObject({ object: 'chat.completion', model: 'small:135m', usage: { completion_tokens: expect.any(Number) } });
  });

  test('the official clients work', async () => {
    const openai = new OpenAI({ baseURL: `${router.url}/v1`, apiKey: 'unused', maxRetries: 0 });
    const answer = await openai.chat.completions.create({ model: 'small:135m', messages: [{ role: 'user', content: 'Say hello.' }], ...openAiShort });
    expect(answer.choices[0]?.message.content).toMatch(/\S/);
    expect(answer.usage?.completion_tokens).toBeLessThanOrEqual(12);
    expect(await openai.chat.completions.stream({ model: 'small:135m', messages: [{ role: 'user', content: 'Say hello.' }], ...openAiShort }).finalContent()).toBe(answer.choices[0]?.message.content);
    const ollama = new Ollama({ host: router.url });
    let text = '';
    for await (const part of await ollama.chat({ model: 'small:135m', messages: hello, stream: true, options: short })) text += part.message.content;
    expect(text).toMatch(/\S/);
    const schema = { type: 'object', properties: { answer: { type: 'boolean' } }, required: ['answer'] };
    const structured = await ollama.chat({ model: 'small:135m', messages: [{ role: 'user', content: 'Is water wet?' }], format: schema, options: { ...short, num_predict: 24 } });
    expect(JSON.parse(structured.message.content)).toEqual({ answer: expect.any(Boolean) });
    expect((await ollama.list()).models.map((one) => one.name)).toEqual(expect.arrayContaining(['small:135m', 'coder:135m']));
  });

  test('a caller who leaves frees the model at once', async () => {
    const leaving = new AbortController();
    const response = await fetch(`${router.url}/api/chat`, { method: 'POST', body: JSON.stringify({ model: 'small:135m', messages: hello, options: { num_predict: 2000, temperature: 1.5 } }), signal: leaving.signal });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    leaving.abort();
    await reader.read().catch(() => {});
    await expect.poll(async () => ((await router.json('/v1/router/runtime')) as { queues: { globalRunning: number } }).queues.globalRunning).toBe(0);
    expect((await router.post('/api/chat', { model: 'small:135m', messages: hello, stream: false, options: short })).status).toBe(200);
  });

  // Last, since it ends what the others need.
  test('kill -9 of Ollama breaks a stream with an error, and once it is back it serves again', async () => {
    for (const [path, fields] of [['/v1/chat/completions', { stream: true, max_tokens: 2000 }], ['/api/chat', { options: { num_predict: 2000 } }]] as const) {
      const response = await router.post(path, { model: 'small:135m', messages: [{ role: 'user', content: 'Count from one to a thousand, one number a line.' }], ...fields });
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const decoder = new TextDecoder();
      let text = decoder.decode((await reader.read()).value);
      await server.kill();
      for (let part = await reader.read(); !part.done; part = await reader.read()) text += decoder.decode(part.value);
      const last = text.trimEnd().split('\n').at(-1) ?? '';
      expect(text).not.toMatch(/data: \[DONE\]|"done":true/);
      expect(JSON.parse(last.replace(/^data: /, ''))).toMatchObject(path === '/api/chat' ? { error: expect.any(String), code: 'stream_interrupted' } : { error: { code: 'stream_interrupted' } });
      await expect.poll(() => fetch(`${router.url}/health`).then(({ status }) => status), { timeout: 15_000 }).toBe(503);
      // Asked for while nobody is there, it waits for the server instead of failing.
      const waiting = router.post(path, { model: 'small:135m', messages: hello, stream: false, max_tokens: 12, options: short });
      await server.start();
      expect((await waiting).status).toBe(200);
      expect((await fetch(`${router.url}/health`)).status).toBe(200);
    }
  });
});
