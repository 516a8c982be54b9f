import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { fakeWorld } from '../../test/fakes/command-world.ts';
import { hashOf } from '../util/secret-hash.ts';
import { runCli } from '../app/cli.ts';
import { parsePolicy } from '../config/managed-policy.ts';
import { commands } from './index.gen.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oar-keys-'));
  file = join(folder, 'ollama-agent-router', 'access.yaml');
  const used = folder;
  onTestFinished(() => rmSync(used, { recursive: true, force: true }));
});

async function oar(line: readonly string[], isTerminal = true) {
  const world = fakeWorld({ cwd: folder, env: { XDG_DATA_HOME: folder }, isTerminal });
  const code = await runCli(['keys', ...line], world.context, commands);
  return { code, out: world.printed.join('\n'), err: world.complained.join('\n') };
}

function configured(access: unknown, server: object = {}): void {
  writeFileSync(join(folder, 'ollama-agent-router.yaml'), JSON.stringify({ server, access }));
}

const policyIn = (path: string) => parsePolicy(readFileSync(path, 'utf8'), path);
const secretIn = (text: string): string => /oar_[\w-]{43}/.exec(text)?.[0] ?? 'none';

test('the first key makes a file that locks the router for other machines, and shows its secret once', async () => {
  const { code, out, err } = await oar(['create', '--name', 'Alice']);
  expect([code, err]).toEqual([0, '']);
  const secret = secretIn(out);
  expect(out).toContain(`curl http://127.0.0.1:11435/v1/models -H 'Authorization: Bearer ${secret}'`);
  expect(out).toContain('Restart it if it runs');
  expect(out).not.toContain('still let in');
  const locked = { enabled: true, auth: { requireApiKey: true, anonymous: 'reject', loopback: 'open' } };
  expect(policyIn(file)).toMatchObject({ planes: { standalone: locked, runtimeAgent: locked }, apiKeys: [{ id: 'alice', name: 'Alice', keyHash: hashOf(secret), enabled: true, scopes: ['standalone'] }] });
  expect(readFileSync(file, 'utf8')).not.toContain(secret);
  expect([statSync(file).mode & 0o777, statSync(join(folder, 'ollama-agent-router')).mode & 0o777]).toEqual([0o600, 0o700]);
});

test('a second key joins the first, and both are listed without hashes', async () => {
  await oar(['create', '--name', 'Alice']);
  const { out } = await oar(['create', '--id', 'kong', '--scopes', 'runtimeAgent,read', '--expires', '30d', '--models', 'small:*', '--requests', '100/60s', '--json']);
  const made = JSON.parse(out) as Record<string, unknown>;
  expect(made).toMatchObject({ id: 'kong', scopes: ['runtimeAgent', 'read'], models: ['small:*'], limits: { runtimeAgent: { requests: 100, windowSeconds: 60 } }, path: file });
  expect(String(made['curl'])).toContain(`/v1/router/capabilities -H 'Authorization: Bearer ${String(made['key'])}'`);
  const table = (await oar(['list'])).out.split('\n');
  expect(table[0]).toMatch(/^ID +NAME +SCOPES +ENABLED +EXPIRES$/);
  expect(table[1]).toMatch(/^alice +Alice +standalone +yes +never$/);
  expect(table[2]).toMatch(/^kong +runtimeAgent, read +yes +20\d\d-/);
  const listed = await oar(['list'], false);
  expect(JSON.parse(listed.out)).toMatchObject({ keys: [{ id: 'alice' }, { id: 'kong' }] });
  for (const text of [table.join('\n'), listed.out]) expect(text).not.toMatch(/sha256|keyHash/);
});

test('a name behind create is that of the key', async () => {
  expect(await oar(['create', 'alice'])).toMatchObject({ code: 0, out: expect.stringContaining('Made the key alice in') });
  expect(policyIn(file).apiKeys.map(({ id }) => id)).toEqual(['alice']);
});

test('a revoked key is gone, and only it', async () => {
  await oar(['create', '--id', 'a']);
  await oar(['create', '--id', 'b']);
  expect(await oar(['revoke', 'a'])).toMatchObject({ code: 0, out: expect.stringContaining('Revoked the key a') });
  expect(policyIn(file).apiKeys.map(({ id }) => id)).toEqual(['b']);
});

test.each<[readonly string[], RegExp]>([
  [['revoke', 'nobody'], /API key 'nobody' not found/],
  [['revoke'], /Which key/],
  [['frobnicate'], /create, list or revoke/],
  [['create', '--scopes', 'all'], /scopes/],
  [['create', '--scopes', 'manage'], /scopes/],
  [['create', '--id', 'a b'], /id must be/],
  [['create', '--id', 'anonymous'], /id must be/],
  [['create', 'a', '--id', 'b'], /a or b/],
  [['create', '--expires', 'soon'], /--expires/],
])('%j says why not with exit code 1, and makes no file', async (line, words) => {
  const { code, out, err } = await oar(line);
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(words);
  expect(existsSync(file)).toBe(false);
});

test('an id that is taken is refused, and the key of before holds on', async () => {
  const { out } = await oar(['create', '--id', 'a']);
  expect(await oar(['create', '--id', 'a'])).toMatchObject({ code: 1, err: "API key with id 'a' already exists" });
  expect(policyIn(file).apiKeys).toMatchObject([{ keyHash: hashOf(secretIn(out)) }]);
});

test('without a file there are no keys', async () => {
  expect(await oar(['list'])).toMatchObject({ code: 0, out: expect.stringContaining('No keys.') });
  expect(existsSync(file)).toBe(false);
});

test('the file that the configuration names is the one, made from its own policy', async () => {
  const plane = { auth: { requireApiKey: true, anonymous: 'reject' } };
  configured({ managedConfigPath: './mine.yaml', managed: { planes: { standalone: plane, runtimeAgent: plane }, apiKeys: [{ id: 'old', keyHash: hashOf('old'), scopes: ['standalone'] }] } }, { port: 9, basePath: '/oar' });
  expect((await oar(['list'])).out).toContain('old');
  expect(existsSync(join(folder, 'mine.yaml'))).toBe(false);
  const { out } = await oar(['create', '--id', 'new']);
  expect(out).toContain('http://127.0.0.1:9/oar/v1/models');
  expect(policyIn(join(folder, 'mine.yaml'))).toMatchObject({ planes: { standalone: { auth: { requireApiKey: true, anonymous: 'reject', loopback: 'key' } } }, apiKeys: [{ id: 'old' }, { id: 'new' }] });
});

test('who makes a key where none is asked for is told so', async () => {
  const plane = { auth: { requireApiKey: true, anonymous: 'reject' } };
  configured({ managedConfigPath: './mine.yaml', managed: { planes: { runtimeAgent: plane } } });
  expect((await oar(['create'])).out).toMatch(/Callers without a key are still let in: .* for standalone in .*mine\.yaml/);
});

test('keys that stand in the configuration itself are left to whoever wrote it', async () => {
  configured({ managed: { apiKeys: [] } });
  const { code, err } = await oar(['create']);
  expect([code, err]).toEqual([1, expect.stringContaining('access.managedConfigPath')]);
});

test('a broken file is told, and left as it is', async () => {
  await oar(['create', '--id', 'a']);
  writeFileSync(file, 'planes: [');
  expect(await oar(['create', '--id', 'b'])).toMatchObject({ code: 1, err: expect.stringContaining('access.yaml:1') });
  expect(readFileSync(file, 'utf8')).toBe('planes: [');
});
