/** A llama-server that keeps several models, behind the router. */
import { expect, test } from 'vitest';
import { createProbeClient } from '../../src/backends/probe-client.ts';
import { backend as kind } from '../../src/backends/llama-server.ts';
import { defaultTimeouts, detectServers } from '../../src/app/detect.ts';
import { backend as openai } from '../../src/backends/openai-compatible.ts';
import type { BackendKind, BackendSettings } from '../../src/backends/backend.ts';
import type { FakeBackend } from '../fakes/backend.ts';
import { hiddenKey, LlamaRouter, type RouterModel } from '../fakes/llama-server.ts';
import { ask, chat, fakeServer, type Json, openAi, routerWith, until } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

const models: Readonly<Record<string, RouterModel>> = {
  'ggml-org/Tiny-GGUF:Q4_K_M': { state: 'loaded', context: 8192, slots: 3 },
  'ggml-org/Big-GGUF:Q8_0': { state: 'unloaded', context: 4096 },
  'ggml-org/Lazy-GGUF:Q4_K_M': { state: 'sleeping' },
};

async function llamaFleet(type = 'llama-server'): Promise<{ llama: LlamaRouter; fake: FakeBackend; router: TestRouter }> {
  const llama = new LlamaRouter(models);
  const fake = await fakeServer({ software: 'llama-server', models: Object.keys(models), handlers: llama.handlers });
  const router = await routerWith({ backends: [{ id: 'llama', kind: type, url: `${fake.url}/v1`, apiKey: 'sk-router' }] });
  await until(() => router.fleet.view().backends[0]?.status === 'up');
  return { llama, fake, router };
}

const rowsOf = async (router: TestRouter, path: string) => ((await (await router.get(path)).json()) as { models: Json[] }).models;

test('its models are listed with what is known of each; what is loaded and what sleeps is in memory', async () => {
  const { router } = await llamaFleet();
  expect((await rowsOf(router, '/api/tags')).map((row) => row['name'])).toEqual(['ggml-org/Big-GGUF:Q8_0', 'ggml-org/Lazy-GGUF:Q4_K_M', 'ggml-org/Tiny-GGUF:Q4_K_M', 'auto']);
  expect(await rowsOf(router, '/api/ps')).toMatchObject([
    { name: 'ggml-org/Tiny-GGUF:Q4_K_M', status: 'loaded', context_length: 8192, size: 5_027_783_488, details: { quantization_level: 'Q4_K_M', parameter_size: '8.2B' } },
    { name: 'ggml-org/Lazy-GGUF:Q4_K_M', status: 'sleeping' },
  ]);
  expect(router.fleet.view().backends[0]).toMatchObject({ maxConcurrent: 3 });
});

test.each(['llama-server', 'openai'])('no list and no page shows its command line, its presets, its paths or a key (PX-D19), as kind %s', async (type) => {
  const { router } = await llamaFleet(type);
  const lists = ['/api/tags', '/api/ps', '/api/ps_details', '/v1/models', '/v1/models/tiny-gguf', '/v1/router/models'];
  const pages = ['/v1/router/status', '/v1/router/runtime', '/v1/router/capabilities', '/health', '/metrics'];
  const textAt = async (path: string) => (await router.get(path)).text();
  for (const path of lists) expect(await textAt(path), path).toContain('Tiny');
  const shown = await Promise.all([...[...lists, ...pages].map(textAt), router.post('/api/show', { model: 'tiny-gguf' }).then((answer) => answer.text())]);
  for (const secret of [hiddenKey, 'sk-router', '--api-key', '/home/somebody']) expect(shown.join('\n')).not.toContain(secret);
  expect(JSON.stringify(router.lines)).not.toContain(hiddenKey);
});

test('reading lists changes nothing: what sleeps goes on sleeping, what is not loaded stays so (PX-D19)', async () => {
  const { llama, router } = await llamaFleet();
  for (let count = 0; count < 3; count += 1) for (const path of ['/api/tags', '/api/ps', '/api/ps_details', '/v1/models']) await router.get(path);
  const asked = llama.asked.length;
  await until(() => llama.asked.length > asked + 5);
  expect(Object.fromEntries(llama.states)).toEqual({ 'ggml-org/Tiny-GGUF:Q4_K_M': 'loaded', 'ggml-org/Big-GGUF:Q8_0': 'unloaded', 'ggml-org/Lazy-GGUF:Q4_K_M': 'sleeping' });
  expect(new Set(llama.asked)).toEqual(new Set(['GET /v1/models', 'GET /props', 'GET /props?model=ggml-org%2FTiny-GGUF%3AQ4_K_M&autoload=false']));
});

test('a request by a short name reaches it with the full one and with the key', async () => {
  const { fake, router } = await llamaFleet();
  const answer = await ask(router, openAi, chat({ model: 'big-gguf' }));
  expect(answer.status).toBe(200);
  const sent = fake.requests.find((request) => request.path === '/v1/chat/completions');
  expect(sent?.body?.['model']).toBe('ggml-org/Big-GGUF:Q8_0');
  expect(sent?.headers['authorization']).toBe('Bearer sk-router');
});

test('a model is loaded and let go over its own API, and the next probe sees it', async () => {
  const { fake, router } = await llamaFleet();
  const settings: BackendSettings = { id: 'llama', kind: 'llama-server', url: `${fake.url}/v1`, priority: 0, tags: [], models: [], timeouts: defaultTimeouts };
  const client = createProbeClient(settings, kind, 1000, new AbortController().signal);
  const inMemory = async () => (await rowsOf(router, '/api/ps')).map((row) => row['name']);
  await kind.load?.(client, 'ggml-org/Big-GGUF:Q8_0');
  await expect.poll(inMemory).toContain('ggml-org/Big-GGUF:Q8_0');
  await kind.load?.(client, 'ggml-org/Big-GGUF:Q8_0');
  await kind.unload?.(client, 'ggml-org/Big-GGUF:Q8_0');
  await expect.poll(inMemory).not.toContain('ggml-org/Big-GGUF:Q8_0');
  await expect(kind.load?.(client, 'nobody/has-it')).rejects.toMatchObject({ code: 'backend_failed', status: 404 });
});

test('it is found on this machine as what it is, and another server at its address as an OpenAI-compatible one', async () => {
  const client = (settings: BackendSettings, of: BackendKind) => createProbeClient(settings, of, 1000, new AbortController().signal);
  const found = async (fake: FakeBackend) => {
    const at = (of: BackendKind): BackendKind => ({ ...of, usualAddresses: [{ name: of.label, url: fake.url }] });
    return (await detectServers({ kinds: [at(kind), at(openai)], env: {}, client })).map((one) => one.kind.kind);
  };
  expect(await found(await fakeServer({ software: 'llama-server', handlers: new LlamaRouter({}).handlers }))).toEqual(['llama-server']);
  expect(await found(await fakeServer({ software: 'llama-server', models: ['one'] }))).toEqual(['llama-server']);
  expect(await found(await fakeServer({ software: 'vllm', models: ['one'] }))).toEqual(['openai']);
});

test("Ollama's way to load a model and to let it go works here too", async () => {
  const { llama, router } = await llamaFleet();
  const order = (more: Json) => ask(router, '/api/generate', { model: 'big-gguf', stream: false, ...more });
  expect(await order({})).toMatchObject({ status: 200, body: { done: true, response: '' } });
  await until(() => llama.states.get('ggml-org/Big-GGUF:Q8_0') === 'loaded');
  expect((await order({ keep_alive: 0 })).status).toBe(200);
  await until(() => llama.states.get('ggml-org/Big-GGUF:Q8_0') === 'unloaded');
});
