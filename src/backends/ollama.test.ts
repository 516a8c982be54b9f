import { expect, test, vi } from 'vitest';
import { catalogueClient, FakeCatalogue } from '../../test/fakes/catalogue.ts';
import { RouterError } from '../core/errors.ts';
import type { BackendReport } from '../core/fleet.ts';
import type { BackendSettings, ProbeClient } from './backend.ts';
import { backend } from './ollama.ts';

const settings: BackendSettings = { id: 'studio', kind: 'ollama', url: 'http://127.0.0.1:11434', priority: 0, tags: [], models: [], timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 } };

function probe(catalogue: FakeCatalogue, previous: BackendReport | null = null, asked: string[] = []): Promise<BackendReport> {
  return backend.probe(catalogueClient(catalogue, backend, settings, asked), settings, previous);
}

test('the native API may lie elsewhere, and so may the OpenAI one', () => {
  const moved = { ...settings, url: 'http://h/proxy/ollama', paths: { native: '/native/', openAi: '/compatible/chat' } };
  expect(backend.urlFor({ ...moved, paths: undefined }, '/api/chat')).toBe('http://h/proxy/ollama/api/chat');
  expect(backend.urlFor(moved, '/api/chat')).toBe('http://h/proxy/ollama/native/chat');
  expect(backend.urlFor(moved, '/v1/chat/completions')).toBe('http://h/proxy/ollama/compatible/chat');
  expect(backend.urlFor(moved, '/v1/models')).toBe('http://h/proxy/ollama/v1/models');
  expect(backend.urlFor({ ...moved, paths: { openAi: '/open/chat/completions' } }, '/v1/embeddings')).toBe('http://h/proxy/ollama/open/embeddings');
  expect(backend.urlFor(moved, '/api/embed')).toBe('http://h/proxy/ollama/native/embed');
});

test('a model is described from its row and its details', async () => {
  const catalogue = new FakeCatalogue('ollama', [
    { name: 'qwen3:8b', sizeBytes: 5_200_000_000, contextLength: 40_960, family: 'qwen3', parameterSize: '8.2B', quantization: 'Q4_K_M', digest: 'sha256:aa', modifiedAt: '2026-05-01T10:00:00Z', capabilities: ['completion', 'tools', 'thinking', 'vision', 'insert', 'someday'] },
  ]);
  catalogue.resident.add('qwen3:8b');
  const report = await probe(catalogue);
  expect(report.version).toBe('0.12.6');
  expect(report.models[0]).toMatchObject({
    name: 'qwen3:8b', sizeBytes: 5_200_000_000, contextLength: 40_960, family: 'qwen3', parameterSize: '8.2B', quantization: 'Q4_K_M', digest: 'sha256:aa', modifiedAt: '2026-05-01T10:00:00Z',
    capabilities: ['chat', 'tools', 'thinking', 'vision', 'insert'],
  });
  expect(report.models[0]?.show).toHaveProperty('template');
  expect(JSON.stringify(report.models[0]?.show)).not.toContain('licence');
  expect(report.resident).toMatchObject([{ name: 'qwen3:8b', sizeBytes: 5_200_000_000, vramBytes: 5_200_000_000, contextLength: 4096, expiresAt: '2099-01-01T00:00:00Z', digest: 'sha256:aa' }]);
});

test('a model that stays in memory has no expiry', async () => {
  const client = {
    get: (path: string) => Promise.resolve({ models: path === '/api/ps' ? [{ name: 'a', expires_at: '2318-02-01T00:00:00Z', size_vram: null }] : [], version: '1' }),
    post: () => Promise.reject(new Error('unused')),
  };
  expect((await backend.probe(client, settings, null)).resident).toEqual([{ name: 'a', row: { name: 'a', expires_at: '2318-02-01T00:00:00Z', size_vram: null } }]);
});

test('details are asked once for a name and digest, and again when the weights change', async () => {
  const catalogue = new FakeCatalogue('ollama', [{ name: 'a', digest: 'sha256:1' }, { name: 'b', digest: 'sha256:1' }]);
  const asked: string[] = [];
  const first = await probe(catalogue, null, asked);
  const second = await probe(catalogue, first, asked);
  expect(asked.filter((path) => path === '/api/show')).toHaveLength(2);
  expect(second.models[0]).toBe(first.models[0]);
  catalogue.models = [{ name: 'a', digest: 'sha256:2', contextLength: 999 }, { name: 'b', digest: 'sha256:1' }];
  const third = await probe(catalogue, second, asked);
  expect(asked.filter((path) => path === '/api/show')).toHaveLength(3);
  expect(third.models[0]?.contextLength).toBe(999);
});

test('a long list is described over several probes, and is whole from the first', async () => {
  const catalogue = new FakeCatalogue('ollama', Array.from({ length: 40 }, (_, index) => ({ name: `m${index}` })));
  let report = await probe(catalogue);
  expect(report.models).toHaveLength(40);
  const described = () => report.models.filter((model) => model.show).length;
  const first = described();
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThan(40);
  for (let round = 0; round < 4; round += 1) report = await probe(catalogue, report);
  expect(described()).toBe(40);
});

test('an older server without version, running list and details still works', async () => {
  const catalogue = new FakeCatalogue('ollama', [{ name: 'llama2' }, { name: 'mxbai-embed-large' }, { name: 'mystery', family: 'bert' }]);
  for (const path of ['/api/version', '/api/ps', '/api/show']) catalogue.missing.add(path);
  const report = await probe(catalogue);
  expect(report).not.toHaveProperty('version');
  expect(report.resident).toBeNull();
  expect(report.models.map((model) => model.capabilities)).toEqual([undefined, ['embedding'], ['embedding']]);
});

const silent = new RouterError('backend_timeout', 'It did not answer.');

/** A server of which some addresses hang. */
function hanging(catalogue: FakeCatalogue, ...paths: readonly string[]): ProbeClient {
  const client = catalogueClient(catalogue, backend, settings);
  return {
    get: (path) => (paths.includes(path) ? Promise.reject(silent) : client.get(path)),
    post: (path, body) => (paths.includes(path) ? Promise.reject(silent) : client.post(path, body)),
  };
}

test('a running list that hangs hides no model (PX-D8): what is in memory is unknown', async () => {
  const catalogue = new FakeCatalogue('ollama', [{ name: 'a' }]);
  const report = await backend.probe(hanging(catalogue, '/api/ps', '/api/version'), settings, null);
  expect(report).toMatchObject({ models: [{ name: 'a' }], resident: null });
});

test('a list of models that hangs leaves what was known, while the server answers elsewhere', async () => {
  const catalogue = new FakeCatalogue('ollama', [{ name: 'a' }]);
  catalogue.resident.add('a');
  const first = await probe(catalogue);
  const later = await backend.probe(hanging(catalogue, '/api/tags'), settings, first);
  expect(later.models).toEqual(first.models);
  expect(later.resident).toHaveLength(1);
  await expect(backend.probe(hanging(catalogue, '/api/tags'), settings, null)).rejects.toBe(silent);
});

test('a server that answers nothing is no healthy one, whatever was known of it (FL-D10)', async () => {
  const catalogue = new FakeCatalogue('ollama', [{ name: 'a' }]);
  const first = await probe(catalogue);
  await expect(backend.probe(hanging(catalogue, '/api/tags', '/api/ps', '/api/version'), settings, first)).rejects.toBe(silent);
  const refused = new RouterError('backend_unreachable', 'refused');
  await expect(backend.probe({ get: () => Promise.reject(refused), post: () => Promise.reject(refused) }, settings, first)).rejects.toBe(refused);
});

test('details that hang are not waited for one by one', async () => {
  const catalogue = new FakeCatalogue('ollama', Array.from({ length: 40 }, (_, index) => ({ name: `m${index}` })));
  const client = hanging(catalogue, '/api/show');
  const post = vi.fn(client.post);
  const report = await backend.probe({ ...client, post }, settings, null);
  expect(report.models).toHaveLength(40);
  expect(post.mock.calls.length).toBeLessThanOrEqual(4);
});

test('llama-server, which has some of the same paths, is not taken for an Ollama', async () => {
  expect(await backend.detect(catalogueClient(new FakeCatalogue('llama-server', [{ name: 'a' }]), backend, settings))).toBe(false);
  const lookalike = { get: (path: string) => (path === '/api/tags' ? Promise.resolve({ models: [], object: 'list', data: [] }) : Promise.reject(backend.readError(404, '', settings))), post: () => Promise.reject(new Error('unused')) };
  expect(await backend.detect(lookalike)).toBe(false);
  expect(await backend.detect(catalogueClient(new FakeCatalogue('ollama', []), backend, settings))).toBe(true);
});
