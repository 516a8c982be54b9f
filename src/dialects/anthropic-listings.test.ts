import { expect, test } from 'vitest';
import type { BackendState, Model } from '../core/fleet.ts';
import { dialect as counter } from './anthropic-count-tokens.ts';
import { dialect as greeting } from './anthropic-greeting.ts';
import { dialect as models } from './anthropic-models.ts';
import type { CatalogueView, ListingDialect } from './dialect.ts';

const startedAt = Date.UTC(2026, 0, 1);

function backend(id: string, kind: string, list: readonly Model[]): BackendState {
  return { id, kind, nodeId: id, status: 'up', url: 'http://127.0.0.1:1', priority: 0, tags: [], reportedAt: startedAt, report: { models: list, resident: null } };
}

const view = (backends: readonly BackendState[], aliases: Readonly<Record<string, string>> = {}): CatalogueView => ({ backends, aliases, configured: [], version: '1.2.3', startedAt });
const ask = (dialect: ListingDialect, at: CatalogueView, path: string, more: { params?: Record<string, string>; body?: string } = {}) => dialect.answer(at, { path, params: more.params ?? {}, body: more.body ?? '' }).body as Record<string, unknown>;
const count = (body: unknown) => ask(counter, view([]), '/v1/messages/count_tokens', { body: JSON.stringify(body) });

test('models are listed in the API\'s shape, those of its own servers in their own words', () => {
  const row = { type: 'model', id: 'claude-x', display_name: 'Claude X', created_at: '2026-03-01T00:00:00Z', capabilities: { thinking: { supported: true } } };
  const at = view([backend('a', 'ollama', [{ name: 'small:1b', modifiedAt: '2026-02-01T00:00:00Z', contextLength: 8192 }, { name: 'nomic-embed-text' }]), backend('c', 'anthropic', [{ name: 'claude-x', row }])], { 'claude-sonnet-4-5': 'small:1b', 'claude-*': 'small:1b' });
  const made = (id: string, createdAt: string, more: object = {}) => ({ type: 'model', id, display_name: id, created_at: createdAt, ...more });
  const started = '2026-01-01T00:00:00.000Z';
  expect(ask(models, at, '/v1/models')).toEqual({
    data: [row, made('small:1b', '2026-02-01T00:00:00.000Z', { max_input_tokens: 8192 }), made('claude-sonnet-4-5', started, { max_input_tokens: 8192 }), made('auto', started)],
    has_more: false, first_id: 'claude-x', last_id: 'auto',
  });
  expect(ask(models, at, '/v1/models/*id', { params: { id: 'small:1b' } })).toMatchObject({ type: 'model', id: 'small:1b' });
  expect(() => ask(models, at, '/v1/models/*id', { params: { id: 'nope' } })).toThrow(expect.objectContaining({ code: 'unknown_model' }));
  expect(ask(models, view([]), '/v1/models')).toEqual({ data: [], has_more: false, first_id: null, last_id: null });
  for (const route of models.routes) expect(route).toMatchObject({ method: 'GET', header: 'anthropic-version' });
});

test('tokens are counted over all that the model reads, without a limit or a model being named', () => {
  const text = 'x'.repeat(400);
  expect(count({ messages: [{ role: 'user', content: text }] })).toEqual({ input_tokens: 100 });
  const more = Number(count({
    model: 'm', system: text, tools: [{ name: 'f', description: text, input_schema: {} }],
    messages: [{ role: 'user', content: [{ type: 'text', text }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBOR' } }] }],
  }).input_tokens);
  expect(more).toBeGreaterThan(1100);
  expect(more).toBeLessThan(1150);
  expect(() => count({ messages: [] })).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ param: 'messages' }) }));
});

test('the address greets', () => {
  expect(ask(greeting, view([]), '/v1/messages')).toEqual({ ok: true, service: 'ollama-agent-router', endpoint: '/v1/messages' });
});
