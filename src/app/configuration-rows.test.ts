import { expect, test } from 'vitest';
import { configSchema } from '../config/schema.ts';
import { configurationRows } from './configuration-rows.ts';

const config = configSchema.parse({
  server: { host: '127.0.0.1', basePath: '/oar' },
  backends: [{ id: 'far', kind: 'openai', url: 'https://ada:pass-word@models.example/v1', apiKey: 'sk-of-the-backend', models: ['a:1b', 'b:1b'] }],
  fleet: { enrolToken: 'token-of-the-fleet' },
  store: { kind: 'sqlite', path: '/home/ada/router.db' },
  access: { admin: { apiKeyHashes: [`sha256:${'a'.repeat(64)}`] } },
});
const rows = configurationRows(config, (path) => (path[0] === 'backends' ? 'router.yaml:3' : 'default'));
const row = (key: string) => rows.find((one) => one.key === key);

test('each value stands under the key that a file would write, with where it came from', () => {
  expect(row('backends[0].id')).toEqual({ key: 'backends[0].id', value: 'far', source: 'router.yaml:3' });
  expect(row('backends[0].models')?.value).toEqual(['a:1b', 'b:1b']);
  expect(row('queue.globalMaxQueued')).toMatchObject({ value: config.queue.globalMaxQueued, source: 'default' });
  expect(row('store.kind')?.value).toBe('sqlite');
  expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
});

test('every section is there', () => {
  const sections = new Set(rows.map(({ key }) => key.split(/[.[]/)[0]));
  for (const [name, value] of Object.entries(config)) if (value !== undefined) expect([...sections]).toContain(name);
});

test('what is secret is only told to be set, and files are told by their names', () => {
  expect([row('backends[0].apiKey')?.value, row('fleet.enrolToken')?.value, row('access.admin.apiKeyHashes')?.value]).toEqual(['(set)', '(set)', '(set)']);
  expect([row('backends[0].url')?.value, row('store.path')?.value]).toEqual(['https://models.example/v1', '…/router.db']);
  expect([row('server.basePath')?.value, row('ollama.nativeApiBasePath')?.value, row('telemetry.otlp.headers')?.value]).toEqual(['/oar', '/api', {}]);
  expect(JSON.stringify(rows)).not.toMatch(/sk-of|pass-word|token-of|aaaa|\/home/);
});

test('where nobody knows what came from where, that is not made up', () => {
  expect(configurationRows(config, undefined).every(({ source }) => source === '')).toBe(true);
});
