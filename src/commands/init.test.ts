import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fakeWorld } from '../../test/fakes/command-world.ts';
import { runCli } from '../app/cli.ts';
import { commands } from './index.gen.ts';
import { starterConfig } from './starter-config.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oar-init-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function init(...line: string[]) {
  const world = fakeWorld({ cwd: folder });
  const code = await runCli(['init', ...line], world.context, commands);
  return { code, out: world.printed.join('\n'), err: world.complained.join('\n') };
}

test('writes the starter once, and never over a file', async () => {
  const path = join(folder, 'ollama-agent-router.yaml');
  expect(await init()).toEqual({ code: 0, out: 'Wrote ./ollama-agent-router.yaml', err: '' });
  expect(readFileSync(path, 'utf8')).toBe(starterConfig);
  expect(await init()).toEqual({ code: 1, out: '', err: `Refusing to overwrite existing config: ${path}` });
});

test('writes where it is told to', async () => {
  expect(await init('-o', 'other.yaml')).toMatchObject({ code: 0, out: 'Wrote other.yaml' });
  expect(readFileSync(join(folder, 'other.yaml'), 'utf8')).toBe(starterConfig);
});

test('a folder that is missing is told', async () => {
  expect(await init('--output', 'no/such/x.yaml')).toEqual({ code: 1, out: '', err: expect.stringContaining('does not exist') as string });
});
