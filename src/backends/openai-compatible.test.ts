import { expect, test } from 'vitest';
import { catalogueClient, FakeCatalogue, type Software } from '../../test/fakes/catalogue.ts';
import { RouterError } from '../core/errors.ts';
import type { BackendReport } from '../core/fleet.ts';
import type { BackendSettings } from './backend.ts';
import { backend } from './openai-compatible.ts';

const settings: BackendSettings = { id: 'box', kind: 'openai', url: 'http://127.0.0.1:8080', priority: 0, tags: [], models: [], timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 } };

function probe(catalogue: FakeCatalogue, previous: BackendReport | null = null, asked: string[] = [], more: Partial<BackendSettings> = {}): Promise<BackendReport> {
  const own = { ...settings, ...more };
  return backend.probe(catalogueClient(catalogue, backend, own, asked), own, previous);
}

test('the url may end in /v1 or not', () => {
  for (const url of ['http://h:1/x', 'http://h:1/x/', 'http://h:1/x/v1', 'http://h:1/x/v1/']) {
    expect(backend.urlFor({ ...settings, url }, '/v1/chat/completions')).toBe('http://h:1/x/v1/chat/completions');
    expect(backend.urlFor({ ...settings, url }, '/props')).toBe('http://h:1/x/props');
  }
  expect(backend.urlFor({ ...settings, paths: { openAi: '/openai/chat' } }, '/v1/chat/completions')).toBe('http://127.0.0.1:8080/openai/chat');
});

test('llama-server: slots, the context of a slot, and its model is in memory', async () => {
  const catalogue = new FakeCatalogue('llama-server', [{ name: 'smollm', contextLength: 2048, sizeBytes: 98_000_000 }]);
  const report = await probe(catalogue);
  expect(report).toMatchObject({ version: 'b4567-abcdef0', maxConcurrent: 2, models: [{ name: 'smollm', contextLength: 2048, ownedBy: 'llamacpp' }] });
  expect(report.resident).toEqual([{ name: 'smollm', sizeBytes: 98_000_000, contextLength: 2048 }]);
});

test('llama-server without /props: the trained context, and nobody knows what is in memory', async () => {
  const catalogue = new FakeCatalogue('llama-server', [{ name: 'smollm', contextLength: 2048 }]);
  catalogue.missing.add('/props');
  const report = await probe(catalogue);
  expect(report.models[0]?.contextLength).toBe(8192);
  expect(report.resident).toBeNull();
  expect(report).not.toHaveProperty('maxConcurrent');
});

test('llama-server with several models says which are loaded', async () => {
  const rows = [{ id: 'a', status: { value: 'loaded' } }, { id: 'b', status: { value: 'unloaded' } }];
  const client = { get: (path: string) => (path === '/v1/models' ? Promise.resolve({ data: rows }) : Promise.reject(backend.readError(404, '', settings))), post: () => Promise.reject(new Error('unused')) };
  expect((await backend.probe(client, settings, null)).resident).toEqual([{ name: 'a' }]);
});

test('a llama-server with several models is not taken for one that has them all in memory, and shows no command line (PX-D19)', async () => {
  const rows = [
    { id: 'a', owned_by: 'llamacpp', path: '/home/me/a.gguf', status: { value: 'loaded', args: ['--api-key', 'sk-child'], preset: 'api-key = sk-child' } },
    { id: 'b', owned_by: 'llamacpp', status: { value: 'unloaded', args: [] } },
    { id: 'c', owned_by: 'llamacpp', status: { value: 'sleeping', args: [] } },
  ];
  const answers: Readonly<Record<string, unknown>> = { '/v1/models': { data: rows }, '/props': { role: 'router', default_generation_settings: { n_ctx: 0 } } };
  const client = { get: (path: string) => (path in answers ? Promise.resolve(answers[path]) : Promise.reject(backend.readError(404, '', settings))), post: () => Promise.reject(new Error('unused')) };
  const report = await backend.probe(client, settings, null);
  expect(report.resident).toEqual([{ name: 'a' }, { name: 'c', sleeping: true }]);
  expect(JSON.stringify(report)).not.toMatch(/sk-child|api-key|\/home\/me/);
});

test('vLLM, which makes up a time and a permission for each answer, gives the same report', async () => {
  const at = (created: number) => ({ get: (path: string) => Promise.resolve(path === '/version' ? { version: '0.12.6' } : { data: [{ id: 'm', created, owned_by: 'vllm', max_model_len: 10, permission: [{ id: `modelperm-${created}`, created }] }] }), post: () => Promise.reject(new Error('unused')) });
  const first = await backend.probe(at(100), settings, null);
  expect(await backend.probe(at(105), settings, first)).toEqual(first);
});

test('what else a server might tell may hang without hiding its models', async () => {
  const client = { get: (path: string) => (path === '/v1/models' ? Promise.resolve({ data: [{ id: 'm' }] }) : Promise.reject(new RouterError('backend_timeout', 'silent'))), post: () => Promise.reject(new Error('unused')) };
  expect(await backend.probe(client, settings, null)).toMatchObject({ models: [{ name: 'm' }], resident: null });
});

test('vLLM: everything listed is in memory, with its context', async () => {
  const report = await probe(new FakeCatalogue('vllm', [{ name: 'org/model', contextLength: 32_768 }]));
  expect(report).toMatchObject({ version: '0.12.6', models: [{ name: 'org/model', contextLength: 32_768 }], resident: [{ name: 'org/model', contextLength: 32_768 }] });
});

test('LM Studio: types, contexts and what is loaded', async () => {
  const catalogue = new FakeCatalogue('lm-studio', [{ name: 'qwen', contextLength: 40_960, capabilities: ['completion', 'vision'] }, { name: 'plain' }, { name: 'vectors', capabilities: ['embedding'] }]);
  catalogue.resident.add('qwen');
  const report = await probe(catalogue);
  expect(report.models.map((model) => model.capabilities)).toEqual([['chat', 'tools', 'vision'], ['chat', 'tools'], ['embedding']]);
  expect(report.models[0]?.contextLength).toBe(40_960);
  expect(report.resident).toEqual([{ name: 'qwen', contextLength: 2048 }]);
});

test('a plain server: names, nothing made up, and no address is asked in vain a second time', async () => {
  const catalogue = new FakeCatalogue('openai', [{ name: 'gpt-oss' }, { name: 'text-embedding-3' }]);
  const asked: string[] = [];
  const report = await probe(catalogue, null, asked);
  expect(report.resident).toBeNull();
  expect(report.models.map((model) => [model.name, model.capabilities])).toEqual([['gpt-oss', undefined], ['text-embedding-3', ['embedding']]]);
  asked.length = 0;
  await probe(catalogue, report, asked);
  expect(asked).toEqual(['/v1/models']);
});

test.each<Software>(['vllm', 'llama-server', 'lm-studio'])('configured models are added to what %s lists', async (software) => {
  const report = await probe(new FakeCatalogue(software, [{ name: 'listed' }]), null, [], { models: ['listed', 'hidden'] });
  expect(report.models.map((model) => model.name)).toEqual(['listed', 'hidden']);
});

test('a server that cannot list serves its configured models', async () => {
  const catalogue = new FakeCatalogue('openai', []);
  catalogue.missing.add('/v1/models');
  expect((await probe(catalogue, null, [], { models: ['a', 'b'] })).models).toEqual([{ name: 'a' }, { name: 'b' }]);
  await expect(probe(catalogue)).rejects.toMatchObject({ code: 'backend_failed' });
});
