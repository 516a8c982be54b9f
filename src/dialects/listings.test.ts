import { expect, test } from 'vitest';
import { readWire } from '../../test/fixtures/read-wire.ts';
import type { BackendState, Model, Resident } from '../core/fleet.ts';
import type { CatalogueView } from './dialect.ts';
import { lowestVersion } from './lowest-version.ts';
import { dialect as tags } from './ollama-tags.ts';
import { dialect as models } from './openai-models.ts';

interface Row {
  readonly name: string;
  readonly [key: string]: unknown;
}

const startedAt = Date.UTC(2026, 0, 1);
const ownRow = (JSON.parse(readWire('ollama-tags.json').toString()) as { models: Row[] }).models[0];
const ownProcess = (JSON.parse(readWire('ollama-ps.json').toString()) as { models: Row[] }).models[0];

function backend(id: string, kind: string, list: readonly Model[], more: { status?: BackendState['status']; nodeId?: string; version?: string; resident?: readonly Resident[] | null } = {}): BackendState {
  const { status = 'up', nodeId = `node-${id}`, version, resident = null } = more;
  return {
    id, kind, nodeId, status, url: 'http://127.0.0.1:1', priority: 0, tags: [], reportedAt: startedAt,
    report: { models: list, resident, ...(version === undefined ? {} : { version }) },
  };
}

const small: Model = { name: 'small:135m', capabilities: ['chat'], contextLength: 8192, modifiedAt: '2026-02-01T00:00:00Z', row: ownRow ?? {}, show: { license: 'MIT', model_info: { x: 1 } } };
const view = (backends: readonly BackendState[], more: Partial<CatalogueView> = {}): CatalogueView => ({ backends, aliases: {}, configured: [], version: '1.2.3', startedAt, ...more });
const ask = (dialect: typeof tags, at: CatalogueView, path: string, more: { params?: Record<string, string>; body?: string } = {}) => dialect.answer(at, { path, params: more.params ?? {}, body: more.body ?? '' }).body;
const rows = (at: CatalogueView, path = '/api/tags') => (ask(tags, at, path) as { models: Row[] }).models;
const ids = (at: CatalogueView) => (ask(models, at, '/v1/models') as { data: { id: string }[] }).data.map((one) => one.id);

test('models of all backends appear once, those of one that is down too, aliases behind them, auto last', () => {
  const at = view([
    backend('b', 'openai', [{ name: 'org/big' }, { name: 'plain' }]),
    backend('a', 'ollama', [small, { name: 'plain:latest' }]),
    backend('c', 'openai', [{ name: 'gone' }], { status: 'down' }),
  ], { aliases: { 'gpt-4o': 'small:135m', lost: 'gone', best: 'auto', 'claude-*': 'small:135m', plain: 'small:135m' } });
  const all = ['gone', 'org/big', 'plain:latest', 'small:135m', 'best', 'gpt-4o', 'lost', 'auto'];
  expect(ids(at)).toEqual(all);
  expect(rows(at).map((row) => row.name)).toEqual(all);
});

test('auto is offered only while something can chat', () => {
  expect(ids(view([backend('a', 'ollama', [{ name: 'x', capabilities: ['embedding'] }, { name: 'nomic-embed-text' }])]))).toEqual(['nomic-embed-text', 'x']);
  expect(ids(view([]))).toEqual([]);
});

test('OpenAI rows', () => {
  const at = view([backend('a', 'ollama', [small]), backend('b', 'openai', [{ name: 'org/big', ownedBy: 'org' }])], { aliases: { 'gpt-4o': 'small:135m' } });
  const get = (id: string) => ask(models, at, '/v1/models/*id', { params: { id } });
  expect(get('small:135m')).toEqual({ id: 'small:135m', object: 'model', created: Date.UTC(2026, 1, 1) / 1000, owned_by: 'ollama', context_length: 8192 });
  expect(get('org/big')).toEqual({ id: 'org/big', object: 'model', created: startedAt / 1000, owned_by: 'org' });
  expect(get('gpt-4o')).toEqual({ id: 'gpt-4o', object: 'model', created: startedAt / 1000, owned_by: 'ollama-agent-router', context_length: 8192 });
  expect(get('auto')).toEqual({ id: 'auto', object: 'model', created: startedAt / 1000, owned_by: 'ollama-agent-router' });
  expect(() => get('nope')).toThrow(expect.objectContaining({ code: 'unknown_model', status: 404 }));
});

test('Ollama rows are the backend own with the nodes beside; others have the same keys', () => {
  const at = view([backend('a', 'ollama', [small]), backend('a2', 'ollama', [small]), backend('b', 'openai', [{ name: 'org/big', sizeBytes: 7, family: 'qwen3', row: { id: 'org/big' } }])]);
  const [big, own] = rows(at);
  expect(own).toEqual({ ...ownRow, fleet_nodes: ['node-a', 'node-a2'] });
  expect(big).toEqual({
    name: 'org/big', model: 'org/big', modified_at: '2026-01-01T00:00:00.000Z', size: 7, digest: expect.stringMatching(/^[0-9a-f]{64}$/), fleet_nodes: ['node-b'],
    details: { parent_model: '', format: '', family: 'qwen3', families: ['qwen3'], parameter_size: '', quantization_level: '' },
  });
});

test('what is in memory, one row for each machine', () => {
  const loaded: Resident = { name: 'small:135m', row: ownProcess ?? {} };
  const at = view([
    backend('a', 'ollama', [small], { resident: [loaded] }),
    backend('a2', 'ollama', [small], { resident: [loaded] }),
    backend('a3', 'ollama', [small], { resident: [loaded], nodeId: 'node-a' }),
    backend('e', 'embedded', [{ name: 'tiny', sizeBytes: 9 }], { resident: [{ name: 'tiny', contextLength: 2048 }] }),
  ]);
  expect(rows(at, '/api/ps')).toMatchObject([
    { ...ownProcess, fleet_node: 'node-a' },
    { ...ownProcess, fleet_node: 'node-a2' },
    { name: 'tiny', model: 'tiny', size: 9, size_vram: 0, context_length: 2048, expires_at: '9999-12-31T23:59:59Z', fleet_node: 'node-e' },
  ]);
});

test('what a backend that is down lists says nothing against one that answers, and it has nothing in memory', () => {
  const down = { status: 'down', resident: [{ name: 'm' }], version: '0.1.0' } as const;
  const at = view([backend('off', 'ollama', [{ name: 'm', digest: 'old' }, { name: 'only-there' }], down), backend('a', 'openai', [{ name: 'm', digest: 'new' }])]);
  expect(rows(at)).toMatchObject([{ name: 'm', digest: 'new', fleet_nodes: ['node-a'] }, { name: 'only-there', fleet_nodes: ['node-off'] }, { name: 'auto' }]);
  expect(rows(at, '/api/ps')).toEqual([]);
  expect(ask(tags, view([backend('off', 'ollama', [], down)]), '/api/version')).toMatchObject({ version: '0.1.0' });
});

test('the same name with other weights elsewhere is one row (PX 2.6)', () => {
  const at = view([backend('a', 'ollama', [{ name: 'm:latest', digest: 'one' }]), backend('b', 'ollama', [{ name: 'm', digest: 'two' }])]);
  expect(rows(at).map((row) => row.name)).toEqual(['m:latest', 'auto']);
  expect(ids(at)).toEqual(['m:latest', 'auto']);
});

const llama: Model = { name: 'org/Tiny-GGUF:Q4_K_M', ownedBy: 'llamacpp', contextLength: 4096, sizeBytes: 9, row: { created: 1_700_000_000, status: { value: 'sleeping' } } };

test('what is in memory in full: every backend its own row, with its address (PX 1.1)', () => {
  const at = view([
    backend('a', 'ollama', [small], { resident: [{ name: 'small:135m', row: ownProcess ?? {} }] }),
    backend('a2', 'ollama', [small], { nodeId: 'node-a', resident: [{ name: 'small:135m', row: ownProcess ?? {} }, { name: 'deleted' }] }),
    backend('l', 'llama-server', [llama], { resident: [{ name: 'org/Tiny-GGUF:Q4_K_M', sleeping: true, contextLength: 4096, sizeBytes: 9 }] }),
  ]);
  expect(rows(at, '/api/ps_details')).toMatchObject([
    { ...ownProcess, endpoint: 'http://127.0.0.1:1', fleet_node: 'node-a' },
    { ...ownProcess, endpoint: 'http://127.0.0.1:1', fleet_node: 'node-a' },
    { name: 'deleted' },
    { name: 'org/Tiny-GGUF:Q4_K_M', original_name: 'org/Tiny-GGUF:Q4_K_M', created: 1_700_000_000, owned_by: 'llamacpp', status: 'sleeping', context_length: 4096, endpoint: 'http://127.0.0.1:1' },
  ]);
  expect(rows(at, '/api/ps').map((row) => [row.name, row['status']])).toEqual([['small:135m', undefined], ['org/Tiny-GGUF:Q4_K_M', 'sleeping']]);
});

test('a model is described under every name that leads to it', () => {
  const at = view([backend('l', 'llama-server', [llama, { ...llama, name: 'a/Two:Q4' }, { ...llama, name: 'b/Two:Q4' }])], { aliases: { mini: 'tiny-gguf', small: 'mini', 'no-one': 'two' } });
  for (const id of ['org/Tiny-GGUF:Q4_K_M', 'org/Tiny-GGUF:Q4_K_M:latest', 'tiny-gguf', 'Tiny-GGUF:Q4_K_M', 'ORG/tiny-gguf']) expect(ask(models, at, '/v1/models/*id', { params: { id } })).toMatchObject({ id: 'org/Tiny-GGUF:Q4_K_M', created: 1_700_000_000, owned_by: 'llamacpp', context_length: 4096 });
  for (const id of ['mini', 'small']) expect(ask(models, at, '/v1/models/*id', { params: { id } })).toMatchObject({ id, context_length: 4096 });
  expect(() => ask(models, at, '/v1/models/*id', { params: { id: 'two' } })).toThrow(/a\/Two:Q4, b\/Two:Q4/);
  expect(ids(at)).toEqual(['a/Two:Q4', 'b/Two:Q4', 'org/Tiny-GGUF:Q4_K_M', 'mini', 'small', 'auto']);
});

test('show: the backend own answer, a made one, and auto', () => {
  const at = view([backend('a', 'ollama', [small]), backend('b', 'openai', [{ name: 'org/big', family: 'qwen3', contextLength: 40_960, capabilities: ['chat', 'tools'] }])], { aliases: { mini: 'small:135m' }, configured: ['later:7b'] });
  const show = (body: unknown) => ask(tags, at, '/api/show', { body: JSON.stringify(body) });
  expect(show({ model: 'small:135m' })).toEqual(small.show);
  expect(show({ name: 'mini' })).toEqual(small.show);
  expect(show({ model: 'org/big' })).toMatchObject({ details: { family: 'qwen3' }, model_info: { 'general.architecture': 'qwen3', 'qwen3.context_length': 40_960 }, capabilities: ['completion', 'tools'] });
  expect(show({ model: 'auto' })).toMatchObject({ capabilities: ['completion'] });
  expect(show({ model: 'later:7b' })).toMatchObject({ details: expect.any(Object) });
  expect(() => show({ model: 'nope' })).toThrow(expect.objectContaining({ code: 'unknown_model' }));
  expect(() => show({})).toThrow(expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ param: 'model' }) }));
  expect(() => ask(tags, at, '/api/show', { body: '{' })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
});

test('m and m:latest are one model', () => {
  const at = view([backend('a', 'ollama', [{ name: 'm:latest' }])]);
  expect(ask(models, at, '/v1/models/*id', { params: { id: 'm' } })).toMatchObject({ id: 'm:latest' });
});

test('the version is the lowest of the Ollama backends', () => {
  const at = view([backend('a', 'ollama', [], { version: '0.17.4' }), backend('b', 'ollama', [], { version: '0.9.12' }), backend('c', 'llama-server', [], { version: '0.0.1' }), backend('d', 'ollama', [], { version: '0.1.0', status: 'down' })]);
  expect(ask(tags, at, '/api/version')).toEqual({ version: '0.9.12', oar_version: '1.2.3', herd_version: '1.2.3' });
  expect(ask(tags, view([]), '/api/version')).toMatchObject({ version: '0.12.6' });
});

test.each([
  [['0.13.0', '0.13.0-rc1'], '0.13.0-rc1'], [['0.9.9', '0.10.0'], '0.9.9'], [['v1.2', '1.2.1'], 'v1.2'], [['unknown', 'b6097', '0.5.0'], '0.5.0'], [['unknown'], null], [[], null],
] as const)('of %j the lowest is %s', (versions, lowest) => {
  expect(lowestVersion(versions)).toBe(lowest);
});

test('the greeting is text', () => {
  expect(ask(tags, view([]), '/')).toBe('Ollama is running');
});
