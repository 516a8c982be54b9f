/** What `oar migrate nomyo` makes of a file, and that it loads. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fakeWorld } from '../../test/fakes/command-world.ts';
import { runCli } from '../app/cli.ts';
import { interpret } from '../config/interpret.ts';
import { commands } from './index.gen.ts';

const folder = mkdtempSync(join(tmpdir(), 'oar-migrate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

async function run(written: string, ...more: string[]) {
  files += 1;
  writeFileSync(join(folder, `old-${files}.yaml`), written);
  const world = fakeWorld({ cwd: folder });
  const code = await runCli(['migrate', 'nomyo', `old-${files}.yaml`, ...more], world.context, commands);
  return { code, out: world.printed.join('\n'), err: world.complained.join('\n') };
}

/** Migrates, and reads the result as `serve` would. */
async function migrated(written: string, env: Record<string, string> = {}) {
  const { code, out, err } = await run(written);
  expect(code, err).toBe(0);
  const { config, problems, warnings } = interpret({ file: 'new.yaml', written: out, env, overrides: {} });
  expect([problems, warnings], out).toEqual([[], []]);
  return { text: out, err, config, backends: (config?.backends ?? []).map(({ id, kind, url, apiKey, maxConcurrent, priority }) => ({ id, kind, url, apiKey, maxConcurrent, priority })) };
}

const full = `
endpoints:
  - http://192.168.0.50:11434/
  - http://192.168.0.51:11434
  - http://192.168.0.51:11434/v1
  - http://big-box:8000/v1/
  - https://api.openai.com/v1
llama_server_endpoints:
  - http://big-box:9000/v1
max_concurrent_connections: 2
endpoint_config:
  http://192.168.0.51:11434/: {max_concurrent_connections: 4}
nomyo-router-api-key: hush-router-key
priority_routing: true
conversation_affinity: true
conversation_affinity_ttl: 120
api_keys:
  "http://192.168.0.50:11434": plain-secret
  "https://api.openai.com/v1": "\${OPENAI_KEY}"
cache_enabled: true
cache_ttl: 3600
db_path: /app/data/token_counts.db
`;

test('servers keep their kind, key, limit and order', async () => {
  const { backends, config, err } = await migrated(full, { OPENAI_KEY: 'from-the-environment' });
  expect(backends).toEqual([
    { id: '192.168.0.50', kind: 'ollama', url: 'http://192.168.0.50:11434', apiKey: 'plain-secret', maxConcurrent: 2, priority: 5 },
    { id: '192.168.0.51', kind: 'ollama', url: 'http://192.168.0.51:11434', apiKey: undefined, maxConcurrent: 4, priority: 4 },
    { id: 'big-box', kind: 'openai', url: 'http://big-box:8000/v1', apiKey: undefined, maxConcurrent: 2, priority: 3 },
    { id: 'api.openai.com', kind: 'openai', url: 'https://api.openai.com/v1', apiKey: 'from-the-environment', maxConcurrent: 2, priority: 2 },
    { id: 'big-box-9000', kind: 'llama-server', url: 'http://big-box:9000', apiKey: undefined, maxConcurrent: 2, priority: 1 },
  ]);
  expect(config?.router).toMatchObject({ placement: 'least-busy', affinity: { enabled: true, ttlMs: 120_000 } });
  expect(err).toBe('');
});

test('what has no equal is named in comments, with what to do instead; the router\'s key is not', async () => {
  const { text } = await migrated(full, { OPENAI_KEY: 'x' });
  for (const words of [/# - nomyo-router-api-key: .*oar keys create/, /# - cache_enabled, cache_ttl: .*later/, /# - db_path: .*store\.path/, /12434/]) expect(text).toMatch(words);
  expect(text).not.toContain('hush-router-key');
  // A key in the open is kept, and the way out of it shown; a variable stays one.
  expect(text).toMatch(/apiKey: plain-secret/);
  expect(text).toContain('apiKey: ${BACKEND_192_168_0_50_KEY}');
  expect(text).toMatch(/^ *apiKey: \$\{OPENAI_KEY\}$/m);
});

test('an empty file is one Ollama of this machine', async () => {
  for (const written of ['', 'endpoints:\napi_keys:\nnomyo-router-api-key: ""\n']) {
    const { backends, config } = await migrated(written);
    expect(backends).toEqual([{ id: 'localhost', kind: 'ollama', url: 'http://localhost:11434', apiKey: undefined, maxConcurrent: undefined, priority: 0 }]);
    expect(config?.router.affinity.enabled).toBe(false);
  }
});

test.each(['nomyo-router-api-key', 'router_api_key', 'nomyo_router_api_key', 'nomyo-router_api_key', 'nomyo_router-api_key', 'NOMYO-ROUTER_API_KEY', 'NOMYO_ROUTER_API_KEY'])('%s is the key of the router', async (key) => {
  const { text, err } = await migrated(`${key}: "hush: #1"\n`);
  expect([text.includes(`- ${key}: make a key`), text.includes('hush'), err]).toEqual([true, false, '']);
});

test('servers on one host get names of their own', async () => {
  const { backends } = await migrated('endpoints: ["http://h:1", "http://h:2", "http://h:2/ollama", "http://[::1]:3", "http://[::1]:3/x"]\n');
  expect(backends.map(({ id }) => id)).toEqual(['h', 'h-2', 'h-3', '1', '1-3']);
});

test('addresses that are variables stay so', async () => {
  const { backends, text } = await migrated('endpoints: ["${BOX_URL}"]\n', { BOX_URL: 'http://box:11434' });
  expect(backends[0]).toMatchObject({ id: 'box_url', kind: 'ollama', url: 'http://box:11434' });
  expect(text).toContain('check that kind fits');
});

test('a key that would mean something else here is left out, and told', async () => {
  const { backends, err } = await migrated('endpoints: ["http://h:8000/v1"]\napi_keys: {"http://h:8000/v1": "pa${ss}word"}\n');
  expect(backends[0]?.apiKey).toBeUndefined();
  expect(err).toMatch(/^Warning: old-\d+\.yaml:2:\d+: the key of h .*H_KEY/);
  expect(err).not.toContain('pa${ss}word');
});

test('what fits nowhere is told with its place', async () => {
  const { text, err, backends } = await migrated('endpoints: ["http://h:1"]\napi_keys: {"http://other:1": k}\nmax_concurrent_connections: 0\nweird: 1\n');
  expect(err).toMatch(/:2:\d+: http:\/\/other:1 is the address of no server/);
  expect(err).toMatch(/:3:\d+: max_concurrent_connections is 0, which limits nothing/);
  expect(err).toMatch(/:4:\d+: weird is no key/);
  expect(text).toContain('- weird: not known here');
  expect(backends[0]?.maxConcurrent).toBeUndefined();
});

test.each([
  ['endpoints: http://h:1\n', /old-\d+\.yaml:1:12: endpoints must be a list/],
  ['endpoints:\n  - localhost:11434\n', /yaml:2:5: endpoints\.0 must be an address that begins with http/],
  ['endpoints:\n  - 5\n', /yaml:2:5: endpoints\.0 must be an address/],
  ['endpoints: []\n', /yaml:1:\d+: endpoints lists no server/],
  ['api_keys: [x]\n', /yaml:1:11: api_keys must be a section/],
  ['max_concurrent_connections: many\n', /yaml:1:29: max_concurrent_connections must be a number/],
  ['conversation_affinity: 5\n', /yaml:1:24: conversation_affinity must be true or false/],
  ['conversation_affinity_ttl: -1\n', /yaml:1:28: conversation_affinity_ttl must be a number of seconds/],
  ['endpoints: [\n', /yaml:\d+:\d+: This is not valid YAML/],
  ['- a\n', /yaml:1:1: /],
])('%j is refused with its place', async (written, words) => {
  const { code, out, err } = await run(written);
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(words);
});

test('with --out a file is written that others cannot read, and none is overwritten', async () => {
  const first = await run(full, '--out', 'new.yaml');
  expect([first.code, first.out]).toEqual([0, 'Wrote new.yaml. Check it with: oar validate-config --config new.yaml']);
  const path = join(folder, 'new.yaml');
  const text = readFileSync(path, 'utf8');
  expect(text).toContain('kind: llama-server');
  expect(statSync(path).mode & 0o077).toBe(0);
  const again = await run('', '--out', 'new.yaml');
  expect([again.code, again.err]).toEqual([1, expect.stringContaining(`Refusing to overwrite ${path}`)]);
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('a program or a file that is not known is told', async () => {
  const world = fakeWorld({ cwd: folder });
  expect(await runCli(['migrate', 'other', 'x.yaml'], world.context, commands)).toBe(1);
  expect(await runCli(['migrate', 'nomyo', 'nothing.yaml'], world.context, commands)).toBe(1);
  expect(world.complained.join('\n')).toMatch(/Known are nomyo and herd[\s\S]*nothing\.yaml cannot be read \(ENOENT\)/);
});
