import { expect, test } from 'vitest';
import { roleOf, tableFromModels } from './roles.ts';

const gb = 2 ** 30;

test.each([
  ['llama3.2:3b', 2, 'fast'], ['qwen2.5-coder:7b', 4.7, 'code'], ['deepseek-r1:8b', 5, 'code'], ['my-reviewer', 4, 'review'],
  ['gpt-oss:20b', undefined, 'heavy'], ['mistral-large', 70, 'heavy'], ['toolace', 5, 'tool'], ['coder-review', 5, 'review'],
] as const)('%s of %s GB is %s', (name, sizeGb, role) => {
  expect(roleOf(name, sizeGb)).toBe(role);
});

test('specs carry the figures of the role, and what the server says', () => {
  const { specs, fromFile } = tableFromModels([{ name: 'llama3.2:latest', sizeBytes: 2 * gb, contextLength: 131_072 }, { name: 'gpt-oss:20b', sizeBytes: 13 * gb }]);
  expect(fromFile).toBe(false);
  expect(specs.get('llama3.2')).toEqual({ name: 'llama3.2:latest', sizeGb: 2, purpose: ['triage', 'simple_chat', 'summarize'], tags: [], priority: 50, timeoutMs: 90_000, costClass: 'low', exclusive: false, allowWhenBusy: true, defaultContext: 4096, maxContext: 131_072 });
  expect(specs.get('gpt-oss:20b')).toMatchObject({ priority: 95, costClass: 'high', exclusive: true, allowWhenBusy: false, timeoutMs: 300_000, defaultContext: 16_384 });
  expect(specs.get('gpt-oss:20b')).not.toHaveProperty('maxConcurrent');
});

test('without a GPU small models run one at a time', () => {
  expect(tableFromModels([{ name: 'llama3.2' }], { cpuOnly: true }).specs.get('llama3.2')?.maxConcurrent).toBe(1);
});

test('routes follow the roles, each model once', () => {
  const { routes } = tableFromModels(['small', 'coder', 'reviewer', 'gpt-oss', 'tooly'].map((name) => ({ name })));
  expect(Object.fromEntries(routes)).toEqual({
    triage: ['small'], simple_chat: ['small'], summarize: ['small'], code_generate: ['coder'], code_review: ['reviewer', 'coder'], code_fix: ['coder', 'reviewer'],
    agentic_reasoning: ['gpt-oss', 'coder'], large_context: ['gpt-oss', 'coder'], tool_use: ['tooly', 'coder', 'gpt-oss'], unknown: ['small', 'coder'],
  });
});

test('one model alone serves every task, embedding models none', () => {
  const { specs, routes } = tableFromModels([{ name: 'nomic-embed-text' }, { name: 'smollm2' }, { name: 'bge-m3', family: 'bert' }, { name: 'smollm2:latest' }]);
  expect([...specs.keys()]).toEqual(['smollm2']);
  expect(routes.size).toBe(10);
  for (const route of routes.values()) expect(route).toEqual(['smollm2']);
});

test('a model that cannot call tools is not meant for them', () => {
  const { specs, routes } = tableFromModels([{ name: 'coder', capabilities: ['chat'] }, { name: 'gpt-oss', capabilities: ['chat', 'tools'] }]);
  expect(specs.get('coder')?.purpose).not.toContain('tool_use');
  expect(routes.get('tool_use')).toEqual(['gpt-oss']);
});

test('no models, no routes to anywhere', () => {
  const { specs, routes } = tableFromModels([]);
  expect(specs.size).toBe(0);
  expect(routes.get('unknown')).toEqual([]);
});
