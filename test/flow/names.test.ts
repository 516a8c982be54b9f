/** Names on the wire: however a caller writes a model's name, it reaches a backend that has it, under the name that backend knows. */
import { expect, test } from 'vitest';
import { ask, backendsOf, bothDialects, chat, errorIn, fakeServer, type Json, ollamaChat, openAi, routerWith } from '../support/flow-bed.ts';
import type { TestRouter } from '../support/test-router.ts';

/** An Ollama, a vLLM and a llama-server of one model. */
async function mixedFleet(more: Json = {}) {
  const ollama = await fakeServer({ models: ['llama3.2:latest', 'qwen3:8b'] });
  const vllm = await fakeServer({ software: 'vllm', models: ['Qwen/Qwen3-32B'] });
  const llama = await fakeServer({ software: 'llama-server', models: ['ggml-org/Tiny-GGUF:Q4_K_M'] });
  const router = await routerWith({ backends: [...backendsOf({ ollama, vllm }), { id: 'llama', kind: 'llama-server', url: llama.url }], ...more });
  return { ollama, vllm, llama, router };
}

async function namesIn(router: TestRouter, path: string): Promise<string[]> {
  const body = (await (await router.get(path)).json()) as { models?: { name: string }[]; data?: { id: string }[] };
  return [...(body.models ?? []).map((row) => row.name), ...(body.data ?? []).map((row) => row.id)];
}

test('a name with or without :latest, in full or in short, in any capitals (PX 2.4)', async () => {
  const { ollama, vllm, llama, router } = await mixedFleet();
  const cases = [
    ['llama3.2', ollama, 'llama3.2:latest'], ['llama3.2:latest', ollama, 'llama3.2:latest'], ['Llama3.2', ollama, 'llama3.2:latest'],
    ['Qwen/Qwen3-32B', vllm, 'Qwen/Qwen3-32B'], ['Qwen/Qwen3-32B:latest', vllm, 'Qwen/Qwen3-32B'], ['qwen/qwen3-32b', vllm, 'Qwen/Qwen3-32B'],
    ['ggml-org/Tiny-GGUF:Q4_K_M', llama, 'ggml-org/Tiny-GGUF:Q4_K_M'], ['ggml-org/Tiny-GGUF:Q4_K_M:latest', llama, 'ggml-org/Tiny-GGUF:Q4_K_M'],
    ['Tiny-GGUF:Q4_K_M', llama, 'ggml-org/Tiny-GGUF:Q4_K_M'], ['ggml-org/Tiny-GGUF', llama, 'ggml-org/Tiny-GGUF:Q4_K_M'], ['tiny-gguf', llama, 'ggml-org/Tiny-GGUF:Q4_K_M'],
  ] as const;
  for (const path of bothDialects) {
    for (const [asked, server, known] of cases) {
      const answer = await ask(router, path, chat({ model: asked }));
      expect(answer.status, `${asked} at ${path}: ${answer.text}`).toBe(200);
      expect(server.requests.at(-1)?.body?.['model'], asked).toBe(known);
    }
  }
});

test('every name of every list can be asked for', async () => {
  const { router } = await mixedFleet({ aliases: { 'gpt-4o': 'tiny-gguf', 'claude-*': 'qwen3:8b' } });
  await ask(router, openAi, chat({ model: 'qwen3:8b' }));
  const names = new Set((await Promise.all(['/api/tags', '/v1/models', '/api/ps'].map((path) => namesIn(router, path)))).flat());
  expect([...names].toSorted()).toEqual(['Qwen/Qwen3-32B', 'auto', 'ggml-org/Tiny-GGUF:Q4_K_M', 'gpt-4o', 'llama3.2:latest', 'qwen3:8b']);
  for (const name of names) {
    for (const path of bothDialects) {
      const answer = await ask(router, path, chat({ model: name }));
      expect(answer.status, `${name}: ${answer.text}`).toBe(200);
    }
    expect((await router.get(`/v1/models/${name}`)).status, name).toBe(200);
    expect((await router.post('/api/show', { model: name })).status, name).toBe(200);
  }
  expect((await ask(router, openAi, chat({ model: 'claude-opus' }))).status).toBe(200);
});

test('an unknown name is 404 in the caller\'s own words, an ambiguous one names the choices (PX-D21)', async () => {
  const llama = await fakeServer({ software: 'llama-server', models: ['org/Big-GGUF:Q4_K_M', 'org/Big-GGUF:Q8_0'] });
  const router = await routerWith({ backends: [{ id: 'llama', kind: 'llama-server', url: llama.url }] });
  for (const [path, shape] of [[openAi, 'object'], [ollamaChat, 'string']] as const) {
    const unknown = await ask(router, path, chat({ model: 'big-guff' }));
    expect(unknown.status).toBe(404);
    expect(typeof unknown.body['error']).toBe(shape);
    const ambiguous = await ask(router, path, chat({ model: 'big-gguf' }));
    expect(ambiguous.status).toBe(404);
    expect(errorIn(ambiguous.body).message).toContain('org/Big-GGUF:Q4_K_M, org/Big-GGUF:Q8_0');
  }
  expect(llama.received).toBe(0);
});

test('a backend that lost the model in the meantime sends the request on to one that has it', async () => {
  const forgetful = await fakeServer({ models: ['m:1b'] });
  const steady = await fakeServer({ models: ['m:1b'] });
  const router = await routerWith({ backends: backendsOf({ forgetful, steady }) });
  forgetful.script('m:1b', { status: 404, body: '{"error":"model \'m:1b\' not found"}' });
  for (let count = 0; count < 4; count += 1) expect((await ask(router, ollamaChat, chat({ model: 'm:1b' }))).status).toBe(200);
  expect(steady.received).toBe(4);
});
