import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cleanNpmEnvironment, findNpm } from './find-npm.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oar-npm-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function make(...path: string[]): string {
  const file = join(folder, ...path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  chmodSync(file, 0o755);
  return file;
}

test('the npm that started us, then the one beside Node, then the PATH', () => {
  const given = make('given', 'npm-cli.js');
  const beside = make('node', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  const onPath = make('path', 'npm');
  const execPath = join(folder, 'node', 'bin', 'node');
  const PATH = ['/nowhere', dirname(onPath)].join(delimiter);
  const find = (env: Record<string, string>, node = execPath) => findNpm({ env, platform: 'linux', execPath: node });
  expect(find({ PATH, npm_execpath: given })).toEqual([execPath, given]);
  expect(find({ PATH })).toEqual([execPath, beside]);
  expect(find({ PATH }, join(folder, 'elsewhere', 'node'))).toEqual([onPath]);
  expect(find({}, join(folder, 'elsewhere', 'node'))).toBeNull();
});

test('another package manager that started us is not npm', () => {
  expect(findNpm({ env: { npm_execpath: make('pnpm', 'pnpm.cjs') }, platform: 'linux', execPath: join(folder, 'x', 'node') })).toBeNull();
});

test('on Windows the script is started, not the batch file', () => {
  const script = make('win', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  expect(findNpm({ env: { Path: dirname(dirname(dirname(dirname(script)))) }, platform: 'win32', execPath: join(folder, 'x', 'node.exe') })).toEqual([join(folder, 'x', 'node.exe'), script]);
});

test('registry and proxy settings reach npm, those of a surrounding run do not', () => {
  const kept = { PATH: '/bin', npm_config_registry: 'https://r', HTTPS_PROXY: 'p', npm_config_cafile: '/c' };
  expect(cleanNpmEnvironment({ ...kept, npm_config_prefix: '/p', npm_lifecycle_event: 'start', npm_package_name: 'x', npm_config_omit: 'dev', npm_command: 'run', NODE_ENV: 'production' })).toEqual(kept);
});
