/** Where the tests against real engines look for an Ollama. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findOllama } from '../../scripts/real-engines.mjs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oar-engines-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, text = '#!/bin/sh\n'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

const nowhere = '/nonexistent/build';

test('OLLAMA_BIN comes before the PATH', () => {
  const mine = program('mine');
  const onPath = program('ollama');
  expect(findOllama({ PATH: folder, OLLAMA_BIN: mine }, nowhere)).toEqual({ path: mine });
  expect(findOllama({ PATH: folder }, nowhere)).toEqual({ path: onPath });
});

test('an OLLAMA_BIN that cannot be run is told, not passed over', () => {
  program('ollama');
  expect(findOllama({ PATH: folder, OLLAMA_BIN: join(folder, 'absent') }, nowhere)).toMatchObject({ path: null, broken: true });
});

test('without any, the build script is asked, and its failure is one', () => {
  const built = program('built');
  expect(findOllama({ PATH: folder }, program('build', `#!/bin/sh\necho progress >&2\necho ${built}\n`))).toEqual({ path: built });
  expect(findOllama({ PATH: folder }, program('fails', '#!/bin/sh\nexit 3\n'))).toMatchObject({ path: null, broken: true });
});

test('where there is no way to one, that is no failure', () => {
  const found = findOllama({ PATH: folder }, nowhere);
  expect(found.path).toBeNull();
  expect(found.broken).toBeUndefined();
});
