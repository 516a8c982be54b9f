import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fakeWorld } from '../../test/fakes/command-world.ts';
import { runCli } from '../app/cli.ts';
import { checkAccessFile } from '../app/key-file.ts';
import { loadConfig } from '../config/load.ts';
import { commands } from './index.gen.ts';

/** Checks a folder with this access section, and this file of keys beside the configuration. */
async function validate(access: object | undefined, keys: string | null) {
  const cwd = mkdtempSync(join(tmpdir(), 'oar-validate-'));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  writeFileSync(join(cwd, 'ollama-agent-router.yaml'), JSON.stringify({ store: { path: join(cwd, 'store.db') }, access }));
  if (keys !== null) writeFileSync(join(cwd, 'access.yaml'), keys);
  const place = { cwd, env: {} };
  const world = fakeWorld({ ...place, loadConfig: () => loadConfig({ ...place, home: cwd }), checkAccessFile: () => checkAccessFile(place) });
  const code = await runCli(['validate-config'], world.context, commands);
  return { code, out: world.printed.join('\n'), err: world.complained.join('\n'), keysExist: existsSync(join(cwd, 'access.yaml')) };
}

const managedConfigPath = './access.yaml';
const plane = '{ enabled: true, auth: { requireApiKey: true, anonymous: reject } }';
const whole = `planes: { standalone: ${plane}, runtimeAgent: ${plane} }\napiKeys: []\n`;

test.each<[string, object | undefined, string | null]>([
  ['no file of keys yet, which is not made either', { managedConfigPath }, null],
  ['a whole one', { managedConfigPath }, whole],
  ['a whole one beside the store', undefined, whole],
  ['a broken one that is not used', {}, 'planes: ['],
  ['ranges of both kinds', { admin: { allowedIps: ['10.0.0.0/8', 'fd00::/8', '::1'], trustedProxy: ['192.168.1.7'] } }, null],
])('what serve would start with is valid: %s', async (_what, access, keys) => {
  expect(await validate(access, keys)).toMatchObject({ code: 0, err: '', out: expect.stringContaining('Config is valid'), keysExist: keys !== null });
});

test.each<[string, object | undefined, string | null, RegExp]>([
  ['a broken file of keys', { managedConfigPath }, 'planes: [', /access\.yaml:\d/],
  ['one that leaves something out', { managedConfigPath }, 'planes: {}', /planes\.standalone is missing/],
  ['a broken one beside the store', undefined, 'planes: [', /access\.yaml:\d/],
  ['one that has to be there, and is not', { managedConfigPath, bootstrapIfMissing: false }, null, /is missing/],
  ['a range with too many bits', { admin: { allowedIps: ['10.0.0.0/33'] } }, null, /allowedIps\[0\] must be an address or a range/],
  ['a range of IPv6 with too many bits', { admin: { allowedIps: ['::1', 'fd00::/129'] } }, null, /allowedIps\[1\] must be an address or a range/],
  ['a proxy by its name', { admin: { trustedProxy: ['proxy.example'] } }, null, /trustedProxy/],
])('what serve would refuse is told before: %s', async (_what, access, keys, words) => {
  const { code, out, err } = await validate(access, keys);
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(words);
});
