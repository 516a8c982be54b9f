/** `oar doctor` as a process: a machine with an Ollama and a router in reach, one without, a broken configuration, and that nothing stays. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { accessOf, closed, keyEntry, secretOf } from '../support/access-bed.ts';
import { fakeServer, routerWith } from '../support/flow-bed.ts';
import { configFile, freePort, newFolder, runProgram } from '../support/router-process.ts';

interface Told {
  readonly verdict: string;
  readonly examined: readonly { readonly id: string; readonly verdict: string; readonly text: string; readonly command?: string }[];
}

/** No router is looked for in the network of the machine that runs the test. */
async function doctor(config: Record<string, unknown>, ...more: string[]): Promise<{ readonly code: number | null; readonly told: Told; readonly home: string }> {
  const home = newFolder();
  const path = configFile({ server: { port: await freePort() }, fleet: { discovery: { browse: false } }, store: { kind: 'sqlite', path: join(home, 'data', 'router.db') }, ...config });
  const { code, stdout, stderr } = await runProgram(['doctor', '--json', '--config', path, ...more], { home, env: { OLLAMA_HOST: '', OLLAMA_BIN: 'no-such-program' } });
  expect(stderr).toBe('');
  return { code, told: JSON.parse(stdout) as Told, home };
}

const of = ({ told }: { readonly told: Told }, id: string) => told.examined.filter((one) => one.id === id).map(({ verdict, text }) => `${verdict}: ${text}`);

test('an Ollama with models and a router in reach: found, with versions and the clock; nothing is left behind', async () => {
  const fake = await fakeServer({ models: [{ name: 'a:1b', sizeBytes: 1e9 }] });
  const router = await routerWith({ backends: [] });
  const seen = await doctor({}, '--ollama-host', fake.url, '--router-url', router.url);
  expect(of(seen, 'ollama')).toEqual([expect.stringMatching(new RegExp(`^ok: Ollama .* answers at ${fake.url}`))]);
  expect(of(seen, 'models')).toEqual(['ok: 1 model is on the disk, 0 in memory.']);
  expect(of(seen, 'router')).toEqual([expect.stringMatching(/^ok: The router at .* answers/)]);
  expect(of(seen, 'clock_skew')).toEqual([expect.stringMatching(/^ok/)]);
  expect(of(seen, 'version_mismatch')).toEqual([expect.stringMatching(/the router 0\.0\.0-test/)]);
  for (const id of ['config', 'folder', 'sqlite', 'port', 'mdns']) expect([id, of(seen, id)]).toEqual([id, [expect.stringMatching(/^ok/)]]);
  expect(existsSync(join(seen.home, 'data'))).toBe(false);
});

test('neither an Ollama nor a router: problems with commands, and 2', async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const seen = await doctor({}, '--ollama-host', nobody, '--router-url', nobody);
  expect([seen.code, seen.told.verdict]).toEqual([2, 'problem']);
  expect(of(seen, 'ollama')).toEqual([expect.stringMatching(/^problem: Ollama does not answer at .*no program/)]);
  expect(of(seen, 'router')).toEqual([expect.stringMatching(/^problem: No router answers/)]);
  expect(seen.told.examined.filter(({ verdict, command }) => verdict === 'problem' && command === undefined)).toEqual([]);
});

test('a router that asks for keys tells its version to those that may read; what is no router is told', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ access: accessOf({ standalone: closed, runtimeAgent: closed }, [keyEntry('eve', { scopes: ['standalone', 'read'] })]) });
  const keyless = await doctor({}, '--ollama-host', fake.url, '--router-url', router.url);
  expect(of(keyless, 'router')).toEqual([expect.stringMatching(/^ok: .*only with a key/)]);
  const known = await doctor({}, '--ollama-host', fake.url, '--router-url', router.url, '--api-key', secretOf('eve'));
  expect(of(known, 'version_mismatch')).toHaveLength(1);
  expect(of(await doctor({}, '--ollama-host', fake.url, '--router-url', fake.url), 'router')).toEqual([expect.stringMatching(/^problem: What answers at .* is no router/)]);
});

test('a port that a router has, a database that is none and a broken configuration', async () => {
  const fake = await fakeServer({ models: ['a:1b'] });
  const router = await routerWith({ backends: [] });
  const folder = newFolder();
  const database = join(folder, 'router.db');
  writeFileSync(database, 'a letter to a friend');
  const seen = await doctor({ server: { port: router.port }, store: { kind: 'sqlite', path: database } }, '--ollama-host', fake.url, '--router-url', router.url);
  expect(of(seen, 'port')).toEqual([`ok: A router runs on port ${router.port} of this machine.`]);
  expect([seen.code, of(seen, 'sqlite')]).toEqual([2, [expect.stringMatching(/no SQLite database/)]]);
  const broken = await runProgram(['doctor', '--config', configFile('server: { prot: 1 }\nfleet: { discovery: { browse: false } }'), '--router-url', router.url, '--ollama-host', fake.url]);
  expect([broken.code, broken.stdout.split('\n')[0]]).toEqual([2, expect.stringMatching(/^problem {2}The configuration cannot be used: .*prot.*oar validate-config$/)]);
});
