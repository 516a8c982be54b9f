/** What `oar migrate herd` makes of an environment file, and that it loads. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fakeWorld } from '../../test/fakes/command-world.ts';
import { runCli } from '../app/cli.ts';
import { interpret } from '../config/interpret.ts';
import { schemaAt } from '../config/schema.ts';
import { readEnvFile } from './env-file.ts';
import { commands } from './index.gen.ts';

const root = mkdtempSync(join(tmpdir(), 'oar-herd-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let homes = 0;

async function run(env: string | null, { pins, args = [], variables = {} }: { readonly pins?: string; readonly args?: readonly string[]; readonly variables?: Record<string, string> } = {}) {
  homes += 1;
  const home = join(root, `home-${homes}`);
  mkdirSync(join(home, '.fleet-manager'), { recursive: true });
  if (env !== null) writeFileSync(join(home, '.fleet-manager', 'env'), env);
  if (pins !== undefined) writeFileSync(join(home, '.fleet-manager', 'pinned_models.json'), pins);
  const world = fakeWorld({ cwd: home, env: { HOME: home, ...variables } });
  const code = await runCli(['migrate', 'herd', ...args], world.context, commands);
  return { code, out: world.printed.join('\n'), err: world.complained.join('\n'), home };
}

async function migrated(env: string, more: Parameters<typeof run>[1] = {}) {
  const { code, out, err } = await run(env, more);
  expect(code, err).toBe(0);
  const { config, problems, warnings } = interpret({ file: 'new.yaml', written: out, env: {}, overrides: {} });
  expect([problems, warnings], out).toEqual([[], []]);
  return { text: out, err, config };
}

const full = `# my fleet
export FLEET_PORT=11499
FLEET_HEARTBEAT_TIMEOUT="20"
FLEET_MAX_RETRIES='3'   # was 2

FLEET_LOG_LEVEL=WARNING
FLEET_ANTHROPIC_MODEL_MAP='{"default":"qwen3:32b"}'
FLEET_CONTEXT_PROTECTION=strip
`;

test('settings become keys, in our units', async () => {
  const { config, err, text } = await migrated(full);
  expect(config?.server).toMatchObject({ port: 11_499, host: '127.0.0.1' });
  expect(config?.fleet.degradedAfterMs).toBe(20_000);
  expect(config?.router.retries).toBe(3);
  expect(config?.telemetry.logLevel).toBe('warn');
  expect(config?.aliases).toEqual({ 'claude-*': 'qwen3:32b' });
  expect(config?.context.protect).toBe('strip');
  expect(err).toBe('');
  expect(text).toContain('oar serve --lan');
});

test('what has no equal is told with its line, and no secret is written', async () => {
  const { text, err } = await migrated('FLEET_SCORE_MODEL_HOT=60\nFLEET_ANTHROPIC_REQUIRE_KEY=true\nFLEET_ANTHROPIC_API_KEY=hush-1\nFLEET_NODE_PLATFORM_TOKEN=hush-2\nCLOUD_FLEET_TOKEN=hush-3\nFLEET_HOST=x${Y}\nnonsense\nFLEET_NODE_ROUTER_URL=http://10.0.0.5:11435\n');
  for (const words of [/^Warning: env:1: FLEET_SCORE_MODEL_HOT sets nothing/m, /env:2: FLEET_ANTHROPIC_REQUIRE_KEY .*oar keys create/, /env:3: FLEET_ANTHROPIC_API_KEY/, /env:4: FLEET_NODE_PLATFORM_TOKEN/, /env:5: CLOUD_FLEET_TOKEN is not known/, /env:6: FLEET_HOST has/, /env:7: this is no NAME=value/]) expect(err).toMatch(words);
  expect(text + err).not.toContain('hush');
  expect(text).toMatch(/# - FLEET_ANTHROPIC_REQUIRE_KEY/);
  expect(text).toMatch(/`oar node` reads these .*FLEET_NODE_ROUTER_URL/);
});

test('an empty file is a valid configuration', async () => {
  const { config } = await migrated('');
  expect(config?.server.port).toBe(11_435);
});

test('pins of the dashboard come along, beside those of the environment', async () => {
  const { config, text, err } = await migrated('FLEET_PINNED_MODELS=a:1b,b:1b\n', { pins: '{"nodes":{"studio":["b:1b","c:1b"],"laptop":[]},"updated_at":1}' });
  if (schemaAt(['preload', 'pinned']) === null) expect(err).toMatch(/pinned_models\.json: b:1b, c:1b: preload\.pinned is not in this version yet/);
  else {
    expect((config as unknown as { preload: { pinned: unknown } }).preload.pinned).toEqual(['a:1b', 'b:1b', 'c:1b']);
    expect(text).toContain('b:1b, c:1b on studio');
  }
  expect((await migrated('', { pins: '{' })).err).toContain('pinned_models.json: it cannot be read');
});

test('the file is the one that is named, else FLEET_ENV_FILE, else the usual', async () => {
  const { home } = await run(null);
  writeFileSync(join(home, 'other'), 'FLEET_PORT=1111\n');
  expect((await run('FLEET_PORT=2222\n', { args: [join(home, 'other')] })).out).toContain('port: 1111');
  expect((await run('FLEET_PORT=2222\n', { variables: { FLEET_ENV_FILE: join(home, 'other') } })).out).toContain('port: 1111');
  expect((await run('FLEET_PORT=2222\n')).out).toContain('port: 2222');
  const missing = await run(null);
  expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('.fleet-manager/env cannot be read (ENOENT)')]);
});

test('a value that the old program would not take is an error with its line', async () => {
  const { code, out, err } = await run('\nFLEET_PORT=high\nFLEET_AUTO_PULL=maybe\n');
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/env:2: FLEET_PORT must be a number[\s\S]*env:3: FLEET_AUTO_PULL must be true or false|env:3: [\s\S]*env:2: /);
});

test('neither is one that could not be used written', async () => {
  const { code, out, err } = await run('FLEET_PORT=70000\n');
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/env: server\.port .*65535/);
});

test.each([
  ['A=1', 'A', '1'],
  ['export  A = "x # y"', 'A', 'x # y'],
  ["A='it''s'", 'A', "it''s"],
  ['A=x # y', 'A', 'x'],
  ['A=x#y', 'A', 'x#y'],
  ['A=', 'A', ''],
  ['A="x', 'A', '"x'],
  ['A=1\r\nA=2', 'A', '2'],
])('%j is %s=%s', (text, name, value) => {
  expect(readEnvFile(text).lines.map((line) => [line.name, line.value])).toEqual([[name, value]]);
});
