import { expect, test } from 'vitest';
import { catalogueClient, FakeCatalogue } from '../../test/fakes/catalogue.ts';
import type { BackendReport } from '../core/fleet.ts';
import { backend } from './anthropic.ts';
import type { BackendSettings } from './backend.ts';

const settings: BackendSettings = { id: 'cloud', kind: 'anthropic', url: 'https://api.anthropic.com', apiKey: 'sk-ant-1', priority: 0, tags: [], models: [], timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 } };

function probe(catalogue: FakeCatalogue, more: Partial<BackendSettings> = {}, asked: string[] = [], previous: BackendReport | null = null): Promise<BackendReport> {
  const own = { ...settings, ...more };
  return backend.probe(catalogueClient(catalogue, backend, own, asked), own, previous);
}

test('the url may end in /v1 or not', () => {
  for (const url of ['https://h/x', 'https://h/x/', 'https://h/x/v1', 'https://h/x/v1/']) expect(backend.urlFor({ ...settings, url }, '/v1/messages')).toBe('https://h/x/v1/messages');
});

test('the key goes into its own header, with the version that requests are written for', () => {
  expect(backend.headersFor?.(settings)).toEqual({ 'x-api-key': 'sk-ant-1', 'anthropic-version': '2023-06-01' });
  expect(backend.headersFor?.({ ...settings, apiKey: '' })).toEqual({ 'anthropic-version': '2023-06-01' });
});

test('a list of several pages is read to its end', async () => {
  const catalogue = new FakeCatalogue('anthropic', Array.from({ length: 7 }, (_, index) => ({ name: `model/${index}?` })));
  catalogue.pageSize = 3;
  const asked: string[] = [];
  expect((await probe(catalogue, {}, asked)).models.map((model) => model.name)).toEqual(catalogue.models.map((model) => model.name));
  expect(asked).toHaveLength(3);
});

test('a list that never ends is given up', async () => {
  let pages = 0;
  const client = { get: () => Promise.resolve({ data: [{ type: 'model', id: `m${pages++}` }], has_more: true, last_id: 'm' }), post: () => Promise.reject(new Error('unused')) };
  await backend.probe(client, settings, null);
  expect(pages).toBeLessThan(100);
});

test('what a model can do is what the server tells, else what its name tells', async () => {
  const { models, resident } = await probe(new FakeCatalogue('anthropic', [
    { name: 'claude-opus-4-6', capabilities: ['vision', 'thinking'], contextLength: 200_000, modifiedAt: '2026-02-05T00:00:00Z' },
    { name: 'claude-text', capabilities: [] },
    { name: 'claude-haiku-4-5' },
    { name: 'qwen3-coder' },
  ]));
  expect(models[0]).toMatchObject({ capabilities: ['chat', 'tools', 'vision', 'thinking'], contextLength: 200_000, modifiedAt: '2026-02-05T00:00:00Z' });
  expect(models.slice(1).map((model) => model.capabilities)).toEqual([['chat', 'tools'], ['chat', 'tools', 'vision'], undefined]);
  expect(models[2]).not.toHaveProperty('contextLength');
  expect(resident).toBeNull();
});

test('configured models are added to the list, and stand for it where there is none', async () => {
  const catalogue = new FakeCatalogue('anthropic', [{ name: 'a' }]);
  expect((await probe(catalogue, { models: ['a', 'claude-x'] })).models).toMatchObject([{ name: 'a' }, { name: 'claude-x', capabilities: ['chat', 'tools', 'vision'] }]);
  catalogue.missing.add('/v1/models');
  expect((await probe(catalogue, { models: ['claude-x'] })).models).toMatchObject([{ name: 'claude-x' }]);
  await expect(probe(catalogue)).rejects.toMatchObject({ code: 'backend_failed' });
  const refusing = { get: () => Promise.reject(backend.readError(401, '{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}', settings)), post: () => Promise.reject(new Error('unused')) };
  await expect(backend.probe(refusing, { ...settings, models: ['claude-x'] }, null)).rejects.toThrow(/apiKey/);
});

test('the list stays the very same while nothing in it changes', async () => {
  const catalogue = new FakeCatalogue('anthropic', [{ name: 'a', capabilities: [] }]);
  const first = await probe(catalogue);
  expect((await probe(catalogue, {}, [], first)).models).toBe(first.models);
});

test('an OpenAI server is not taken for one of Anthropic', async () => {
  const detect = (software: 'openai' | 'vllm' | 'anthropic') => backend.detect(catalogueClient(new FakeCatalogue(software, [{ name: 'a' }]), backend, settings));
  expect(await Promise.all([detect('openai'), detect('vllm'), detect('anthropic')])).toEqual([false, false, true]);
});

test('a refused key says what to look at, an overloaded server is busy', () => {
  const body = (type: string, message: string) => JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_1' });
  const refused = backend.readError(401, body('authentication_error', 'invalid x-api-key'), settings);
  expect(refused).toMatchObject({ code: 'backend_failed', details: { upstreamType: 'authentication_error' } });
  expect(refused.message).toMatch(/key for backend cloud was refused.*apiKey.*invalid x-api-key/);
  for (const status of [429, 503, 529]) expect(backend.readError(status, body('overloaded_error', 'Overloaded'), settings)).toMatchObject({ code: 'backend_failed', status: 503, details: { retryAfterMs: expect.any(Number) } });
  expect(backend.readError(404, body('not_found_error', 'model: claude-9'), settings)).toMatchObject({ code: 'backend_failed', status: 404 });
  expect(backend.readError(413, body('request_too_large', 'Request exceeds the maximum size'), settings)).toMatchObject({ code: 'backend_rejected', status: 413 });
});
