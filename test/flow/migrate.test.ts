/** A NOMYO router's file, migrated, checked and served by the built program. Needs a build. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type FakeBackend, startFakeBackend } from '../fakes/backend.ts';
import { newFolder, RouterProcess, runProgram } from '../support/router-process.ts';

const fakes: FakeBackend[] = [];

afterEach(async () => {
  await Promise.all(fakes.splice(0).map((fake) => fake.close()));
});

async function fake(software: 'ollama' | 'openai', model: string, apiKey?: string): Promise<FakeBackend> {
  const started = await startFakeBackend({ software, models: [model], ...(apiKey === undefined ? {} : { apiKey }) });
  fakes.push(started);
  return started;
}

test('the file of the old router becomes one that is valid and serves the same servers', async () => {
  const [ollama, vllm] = [await fake('ollama', 'llama3.2:3b'), await fake('openai', 'big', 'the-key')];
  const folder = newFolder();
  const old = `endpoints:\n  - ${ollama.url}/\n  - ${vllm.url}/v1\nmax_concurrent_connections: 2\napi_keys:\n  "${vllm.url}/v1": "\${BIG_KEY}"\nnomyo-router-api-key: hush\ncache_enabled: true\n`;
  writeFileSync(join(folder, 'config.yaml'), old);
  const env = { BIG_KEY: 'the-key' };
  const printed = await runProgram(['migrate', 'nomyo', 'config.yaml'], { cwd: folder });
  expect([printed.code, printed.stderr]).toEqual([0, '']);
  const written = await runProgram(['migrate', 'nomyo', 'config.yaml', '--out', 'oar.yaml'], { cwd: folder });
  expect([written.code, written.stderr]).toEqual([0, '']);
  const path = join(folder, 'oar.yaml');
  expect(readFileSync(path, 'utf8')).toBe(printed.stdout);
  expect(printed.stdout).not.toContain('hush');
  const valid = await runProgram(['validate-config', '--config', path], { env });
  expect([valid.code, valid.stdout, valid.stderr]).toEqual([0, `Config is valid: ${path}\n`, '']);
  const router = await RouterProcess.serve(path, { env: { ...env, OAR_SERVER__PORT: '0', OAR_STORE__KIND: 'memory' } });
  for (const model of ['llama3.2:3b', 'big']) {
    expect((await router.post('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'Hello' }] })).status, model).toBe(200);
  }
  expect([ollama.received, vllm.received]).toEqual([1, 1]);
});

test('the environment of an ollama-herd router becomes a file that is valid and serves', async () => {
  const folder = newFolder();
  const env = join(folder, 'env');
  writeFileSync(env, 'export FLEET_PORT="0"\nFLEET_MAX_RETRIES=3\nFLEET_SCORE_MODEL_HOT=60\nFLEET_ANTHROPIC_API_KEY=hush\n');
  const written = await runProgram(['migrate', 'herd', '--out', 'oar.yaml'], { cwd: folder, env: { FLEET_ENV_FILE: env } });
  expect(written.code).toBe(0);
  expect(written.stderr).toMatch(/^Warning: env:3: FLEET_SCORE_MODEL_HOT /m);
  const path = join(folder, 'oar.yaml');
  expect(readFileSync(path, 'utf8') + written.stderr).not.toContain('hush');
  const valid = await runProgram(['validate-config', '--config', path]);
  expect([valid.code, valid.stdout, valid.stderr]).toEqual([0, `Config is valid: ${path}\n`, '']);
  const ollama = await fake('ollama', 'llama3.2:3b');
  const router = await RouterProcess.serve(path, { env: { OAR_OLLAMA__BASE_URL: ollama.url, OAR_STORE__KIND: 'memory' } });
  expect((await router.post('/v1/chat/completions', { model: 'llama3.2:3b', messages: [{ role: 'user', content: 'Hello' }] })).status).toBe(200);
});

test('what cannot be migrated says why and leaves nothing behind', async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'config.yaml'), 'endpoints:\n  - localhost\n');
  const end = await runProgram(['migrate', 'nomyo', 'config.yaml', '--out', 'oar.yaml'], { cwd: folder });
  expect([end.code, end.stdout, existsSync(join(folder, 'oar.yaml'))]).toEqual([1, '', false]);
  expect(end.stderr).toMatch(/config\.yaml:2:5: /);
  for (const args of [['migrate'], ['migrate', 'nomyo'], ['migrate', 'nomyo', 'nothing.yaml']]) expect((await runProgram(args, { cwd: folder })).code).toBe(1);
});
