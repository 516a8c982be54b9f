import { expect, test } from 'vitest';
import type { BackendSettings } from '../backend.ts';
import { backend } from './index.ts';

const settings: BackendSettings = { id: 'embedded', kind: 'embedded', url: 'http://127.0.0.1:5000', priority: 0, tags: [], models: [], timeouts: { connectMs: 0, firstByteMs: 0, idleMs: 0, totalMs: 0 } };
const answering = (value: unknown) => ({ get: async () => value, post: async () => value });

test('the model it has is in memory, serves one request at a time and cannot call tools', async () => {
  const row = { id: 'smollm2:135m', object: 'model', owned_by: 'embedded', meta: { n_ctx: 4096, n_ctx_train: 8192, size: 96_576_768 } };
  const report = await backend.probe(answering({ object: 'list', data: [row] }), settings, null);
  expect(report.models).toEqual([{ name: 'smollm2:135m', sizeBytes: 96_576_768, contextLength: 4096, capabilities: ['chat'], ownedBy: 'embedded', row }]);
  expect(report.resident).toEqual([{ name: 'smollm2:135m', sizeBytes: 96_576_768, contextLength: 4096 }]);
  expect(report.maxConcurrent).toBe(1);
});

test('something else at its address is a protocol error', async () => {
  await expect(backend.probe(answering({ hello: 1 }), settings, null)).rejects.toMatchObject({ code: 'backend_protocol' });
});

test('what it cannot do, and a prompt that is too long, keep their codes', () => {
  const unsupported = backend.readError(400, JSON.stringify({ error: { code: 400, type: 'unsupported_feature', message: 'cannot call tools', param: 'tools' } }), settings);
  expect(unsupported).toMatchObject({ code: 'unsupported_feature', message: 'cannot call tools', details: { param: 'tools', backend: 'embedded' } });
  const long = backend.readError(400, JSON.stringify({ error: { code: 400, type: 'exceed_context_size_error', message: 'too long', n_prompt_tokens: 5010, n_ctx: 4096 } }), settings);
  expect(long.code).toBe('context_overflow');
  expect(long.message).toMatch(/5010.*4096/);
  expect(backend.readError(500, 'broken', settings).code).toBe('backend_failed');
});
