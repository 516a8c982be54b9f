/** `oar keys` beside a running router: real processes that share one file. Needs a build. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parsePolicy } from '../../src/config/managed-policy.ts';
import { type FakeBackend, startFakeBackend } from '../fakes/backend.ts';
import { configFile, newFolder, plainConfig, RouterProcess, runProgram } from '../support/router-process.ts';

let backend: FakeBackend;

afterEach(async () => {
  await backend?.close();
});

async function locked() {
  backend = await startFakeBackend({ models: ['small:1b'] });
  const folder = newFolder();
  const plane = { auth: { requireApiKey: true, anonymous: 'reject' } };
  const config = configFile(plainConfig(backend.url, folder, { access: { managedConfigPath: './access.yaml', managed: { planes: { standalone: plane, runtimeAgent: plane } } } }), folder);
  const oar = (...args: string[]) => runProgram(['keys', ...args, '--config', config]);
  return { config, oar, file: join(folder, 'access.yaml') };
}

const status = async (router: RouterProcess, secret: string): Promise<number> => (await fetch(`${router.url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } })).status;
const idsIn = (file: string): string[] => parsePolicy(readFileSync(file, 'utf8'), file).apiKeys.map(({ id }) => id);

test('a key opens a running router, and is refused after it was revoked', async () => {
  const { config, oar, file } = await locked();
  const router = await RouterProcess.serve(config);
  const made = await oar('create', '--id', 'alice', '--json');
  expect([made.code, made.stderr]).toEqual([0, '']);
  const { key: secret } = JSON.parse(made.stdout) as { key: string };
  expect(await status(router, 'oar_wrong')).toBe(401);
  // Not so often that the router takes it for somebody who tries keys.
  await expect.poll(() => status(router, secret), { timeout: 10_000, interval: 500 }).toBe(200);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await oar('revoke', 'alice')).stdout).toContain('Revoked the key alice');
  await expect.poll(() => status(router, secret), { timeout: 10_000, interval: 100 }).toBe(401);
  expect(JSON.parse((await oar('list')).stdout)).toEqual({ keys: [] });
  await router.stop();
  expect(router.stdout + router.stderr).not.toContain(secret);
  expect(router.lines.filter(({ msg }) => msg === 'access policy is read again')).toHaveLength(2);
});

test('several at once lose none of each other\'s keys', async () => {
  const { oar, file } = await locked();
  const ends = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((id) => oar('create', '--id', id)));
  expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual(ends.map(() => [0, '']));
  expect(idsIn(file).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  expect(parsePolicy(readFileSync(file, 'utf8'), file).version).toBe(7);
});

test('without a configuration the file lies beside the store, and what fails ends with 1', async () => {
  const home = newFolder();
  const made = await runProgram(['keys', 'create', '--name', 'Me'], { home });
  expect(made.code).toBe(0);
  expect(made.stdout).toMatch(/curl http:\/\/127\.0\.0\.1:11435\/v1\/models -H 'Authorization: Bearer oar_[\w-]{43}'/);
  expect(idsIn(join(home, 'data', 'ollama-agent-router', 'access.yaml'))).toEqual(['me']);
  const failed = await runProgram(['keys', 'revoke', 'nobody'], { home });
  expect([failed.code, failed.stdout, failed.stderr]).toEqual([1, '', "API key 'nobody' not found\n"]);
});

test('--lan serves other machines with a key that it makes and shows once; this machine needs none', async () => {
  backend = await startFakeBackend({ models: ['small:1b'] });
  const folder = newFolder();
  const config = configFile(plainConfig(backend.url, folder), folder);
  const home = newFolder();
  const first = await RouterProcess.start(['serve', '--lan', '--config', config], /"url":"([^"]+)"/, { home });
  const secret = /oar_[\w-]{43}/.exec(first.stderr)?.[0] ?? '';
  expect(secret).not.toBe('');
  expect(first.lines.find(({ msg }) => msg === 'ollama-agent-router listening')).toMatchObject({ host: '0.0.0.0' });
  expect((await fetch(`${first.url}/v1/models`)).status).toBe(200);
  // What comes through a proxy is not of this machine.
  const fromElsewhere = (more: Record<string, string> = {}) => fetch(`${first.url}/v1/models`, { headers: { 'x-forwarded-for': '203.0.113.9', ...more } }).then((answer) => answer.status);
  expect([await fromElsewhere(), await fromElsewhere({ authorization: `Bearer ${secret}` })]).toEqual([401, 200]);
  await first.stop();
  expect(first.stdout).not.toContain(secret);
  const second = await RouterProcess.start(['serve', '--lan', '--config', config], /"url":"([^"]+)"/, { home });
  expect(second.stderr).not.toContain('oar_');
  await second.stop();
});

test('SIGHUP has the file read again at once, and a broken one changes nothing', async () => {
  const { config, oar, file } = await locked();
  const router = await RouterProcess.serve(config);
  const made = JSON.parse((await oar('create', '--id', 'alice', '--json')).stdout) as { key: string };
  router.signal('SIGHUP');
  await expect.poll(() => status(router, made.key), { timeout: 10_000, interval: 500 }).toBe(200);
  writeFileSync(file, 'planes: [\n');
  router.signal('SIGHUP');
  await router.until(/cannot be used/);
  expect(await status(router, made.key)).toBe(200);
  await router.stop();
});

test('the admin plane of a whole router: its key makes keys, which work, and the audit tells of it', async () => {
  backend = await startFakeBackend({ models: ['small:1b'] });
  const folder = newFolder();
  const plane = { auth: { requireApiKey: true, anonymous: 'reject' } };
  const adminKey = 'the-admin-key';
  const admin = { enabled: true, apiKeyHashes: [`sha256:${createHash('sha256').update(adminKey).digest('hex')}`] };
  const router = await RouterProcess.serve(configFile(plainConfig(backend.url, folder, { access: { managedConfigPath: './access.yaml', admin, managed: { planes: { standalone: plane, runtimeAgent: plane } } } }), folder));
  const call = (method: string, path: string, body?: object) => fetch(`${router.url}${path}`, { method, headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  expect((await call('PUT', '/v1/admin/access/config', { config: {} })).status).toBe(400);
  const made = (await (await call('POST', '/v1/admin/access/keys', { id: 'alice', scopes: ['standalone'] })).json()) as { key: string };
  expect(await status(router, made.key)).toBe(200);
  expect((await call('DELETE', '/v1/admin/access/keys/alice')).status).toBe(200);
  expect(await status(router, made.key)).toBe(401);
  const audit = JSON.stringify(await (await call('GET', '/v1/admin/audit')).json());
  for (const reason of ['key_added', 'key_revoked', 'invalid_api_key']) expect(audit).toContain(reason);
  await router.stop();
  for (const secret of [made.key, adminKey]) expect(router.stdout + router.stderr + audit).not.toContain(secret);
});
