import { expect, test } from 'vitest';
import { catalogueClient, FakeCatalogue } from '../../test/fakes/catalogue.ts';
import { RouterError } from '../core/errors.ts';
import type { BackendReport } from '../core/fleet.ts';
import type { BackendSettings, ProbeClient } from './backend.ts';
import { backend } from './llama-server.ts';

const settings: BackendSettings = { id: 'box', kind: 'llama-server', url: 'http://127.0.0.1:8080', priority: 0, tags: [], models: [], timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 } };

/** Answers by address; an error is what the server says instead. */
function client(answers: Readonly<Record<string, unknown>>, asked: string[] = []): ProbeClient {
  const ask = (path: string): Promise<unknown> => {
    asked.push(path);
    const answer = answers[path];
    if (answer instanceof RouterError) return Promise.reject(answer);
    return answer === undefined ? Promise.reject(backend.readError(404, '{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}', settings)) : Promise.resolve(structuredClone(answer));
  };
  return { get: ask, post: ask };
}

// As the documentation of llama.cpp shows them.
const single = {
  models: [{ name: 'Llama-3.1-8B', model: 'Llama-3.1-8B', capabilities: ['completion'], format: 'gguf' }],
  object: 'list',
  data: [{ id: '../models/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf', object: 'model', created: 1735142223, owned_by: 'llamacpp', meta: { vocab_type: 2, n_vocab: 128_256, n_ctx_train: 131_072, n_embd: 4096, n_params: 8_030_261_312, size: 4_912_898_304 } }],
};
const properties = { default_generation_settings: { id: 0, id_task: -1, n_ctx: 1024 }, total_slots: 1, model_path: '../models/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf', chat_template: '...', chat_template_caps: {}, modalities: { vision: false }, build_info: 'b100-abc', is_sleeping: false };
const routerProperties = { role: 'router', max_instances: 4, models_autoload: true, default_generation_settings: { params: {}, n_ctx: 0 }, build_info: 'b100-abc' };
const row = (id: string, value: string, more: object = {}) => ({ id, object: 'model', owned_by: 'llamacpp', created: 1, path: `/home/me/${id}`, status: { value, args: ['llama-server', '--api-key', 'sk-child', '-ctx', '4096'], preset: '[x]\napi-key = sk-child' }, ...more });

const probe = (answers: Readonly<Record<string, unknown>>, previous: BackendReport | null = null, asked: string[] = []) => backend.probe(client(answers, asked), settings, previous);

test('one model: the context of a slot, its slots, what it can do, and it is in memory', async () => {
  const report = await probe({ '/v1/models': single, '/props': properties });
  expect(report).toMatchObject({ version: 'b100-abc', maxConcurrent: 1 });
  expect(report.models).toMatchObject([{ name: '../models/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf', sizeBytes: 4_912_898_304, contextLength: 1024, quantization: 'Q4_K_M', parameterSize: '8B', ownedBy: 'llamacpp', capabilities: ['chat', 'tools'] }]);
  expect(report.resident).toEqual([{ name: '../models/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf', sizeBytes: 4_912_898_304, contextLength: 1024 }]);
});

test('one model that sleeps counts as in memory and says so; one that is loading is not there yet', async () => {
  expect((await probe({ '/v1/models': single, '/props': { ...properties, is_sleeping: true } })).resident).toMatchObject([{ sleeping: true }]);
  const loading = { ...single, data: [{ ...single.data[0], meta: null }] };
  const busy = backend.readError(503, '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}', settings);
  const report = await probe({ '/v1/models': loading, '/props': busy });
  expect(report.resident).toEqual([]);
  expect(report.models).toHaveLength(1);
});

test('several models: what is loaded is asked for its context, nothing is loaded or woken by asking', async () => {
  const asked: string[] = [];
  const rows = [row('ggml-org/gemma-3-4b-it-GGUF:Q4_K_M', 'loaded', { meta: { n_params: 3_880_099_328, size: 2_489_757_856 } }), row('b', 'unloaded'), row('c', 'sleeping'), row('d', 'loading'), row('e', 'unloaded', { status: { value: 'unloaded', args: [], failed: true, exit_code: 1 } })];
  const path = '/props?model=ggml-org%2Fgemma-3-4b-it-GGUF%3AQ4_K_M&autoload=false';
  const report = await probe({ '/v1/models': { object: 'list', data: rows }, '/props': routerProperties, [path]: { ...properties, default_generation_settings: { n_ctx: 8192 }, total_slots: 4, modalities: { vision: true } } }, null, asked);
  expect(asked.toSorted()).toEqual(['/props', path, '/v1/models']);
  expect(report).toMatchObject({ version: 'b100-abc', maxConcurrent: 4 });
  expect(report.models[0]).toMatchObject({ contextLength: 8192, quantization: 'Q4_K_M', parameterSize: '3.9B', capabilities: ['chat', 'tools', 'vision'] });
  expect(report.models.map((model) => model.name)).toEqual(['ggml-org/gemma-3-4b-it-GGUF:Q4_K_M', 'b', 'c', 'd', 'e']);
  expect(report.models[4]?.row).toMatchObject({ status: { value: 'unloaded', failed: true, exit_code: 1 } });
  expect(report.resident).toEqual([{ name: 'ggml-org/gemma-3-4b-it-GGUF:Q4_K_M', sizeBytes: 2_489_757_856, contextLength: 8192 }, { name: 'c', sleeping: true }]);
});

test('what was learned of a model stays known while it is not in memory', async () => {
  const data = (value: string) => ({ object: 'list', data: [row('a', value, value === 'loaded' ? { meta: { size: 7 } } : {})] });
  const first = await probe({ '/v1/models': data('loaded'), '/props': routerProperties, '/props?model=a&autoload=false': { ...properties, total_slots: 3 } });
  const later = await probe({ '/v1/models': data('unloaded'), '/props': routerProperties }, first);
  expect(later.models[0]).toMatchObject({ contextLength: 1024, sizeBytes: 7, capabilities: ['chat', 'tools'] });
  expect(later).toMatchObject({ maxConcurrent: 3, resident: [] });
});

test('its command line, its presets and its paths get no further (PX-D19)', async () => {
  const report = await probe({ '/v1/models': { object: 'list', data: [row('a', 'loaded')] }, '/props': routerProperties, '/props?model=a&autoload=false': properties });
  expect(JSON.stringify(report)).not.toMatch(/sk-child|--api-key|\/home\/me|args|preset/);
});

test('the same models give the same report, though each answer says they were created just now', async () => {
  const at = (created: number) => ({ '/v1/models': { object: 'list', data: [{ ...row('a', 'unloaded'), created }] }, '/props': routerProperties });
  const first = await probe(at(100));
  expect(await probe(at(105), first)).toEqual(first);
});

test('it is told from other servers, also when it has no model yet', async () => {
  const detect = (answers: Readonly<Record<string, unknown>>) => backend.detect(client(answers));
  expect(await detect({ '/v1/models': single })).toBe(true);
  expect(await detect({ '/v1/models': { object: 'list', data: [] }, '/props': routerProperties })).toBe(true);
  expect(await detect({ '/v1/models': { object: 'list', data: [] } })).toBe(false);
  for (const software of ['ollama', 'vllm', 'lm-studio', 'openai'] as const) {
    expect(await backend.detect(catalogueClient(new FakeCatalogue(software, [{ name: 'a' }]), backend, settings)), software).toBe(false);
  }
});

test('a wrong key is no healthy server, though its list needs none', async () => {
  const refused = backend.readError(401, '{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}', settings);
  await expect(probe({ '/v1/models': single, '/props': refused })).rejects.toThrow(/apiKey/);
});

test('a /props that hangs takes nothing else from it', async () => {
  const hangs = new RouterError('backend_timeout', 'silent');
  const report = await probe({ '/v1/models': single, '/props': hangs });
  expect(report.models).toHaveLength(1);
  expect(report.resident).toBeNull();
});

test('models are loaded and let go; what is done already is done', async () => {
  const said = (message: string) => backend.readError(400, JSON.stringify({ error: { code: 400, message, type: 'invalid_request_error' } }), settings);
  const asked: string[] = [];
  await backend.load?.(client({ '/models/load': { success: true } }, asked), 'a');
  await backend.unload?.(client({ '/models/unload': { success: true } }, asked), 'a');
  await backend.load?.(client({ '/models/load': said('model is already running') }), 'a');
  await backend.unload?.(client({ '/models/unload': said('model is not running') }), 'a');
  expect(asked).toEqual(['/models/load', '/models/unload']);
  await expect(backend.load?.(client({}), 'a')).rejects.toMatchObject({ code: 'backend_failed' });
  await expect(backend.load?.(client({ '/models/load': said('model is not found') }), 'a')).rejects.toMatchObject({ code: 'backend_failed', status: 404 });
});

test('a model that it does not have moves the request on', () => {
  for (const message of ["model 'x' not found", 'model is not loaded']) {
    expect(backend.readError(400, JSON.stringify({ error: { code: 400, message, type: 'invalid_request_error' } }), settings)).toMatchObject({ code: 'backend_failed', status: 404, retryElsewhere: true });
  }
});
