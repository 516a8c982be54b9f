/** What `npm start` and `npm test` do first in a clone, with a stand-in for npm and the compiler. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeProblem } from '../../scripts/setup.mjs';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
let clone: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'oar-setup-'));
  cpSync(join(repository, 'scripts'), join(clone, 'scripts'), { recursive: true });
  write('package.json', '{"type":"module"}');
  write('tsconfig.json', '{}');
  write('package-lock.json', JSON.stringify({ packages: { '': {}, 'node_modules/typescript': { version: '7.0.2' } } }));
  write('src/main.ts', 'one');
  write('src/store/migrations/0001.sql', 'select 1;');
  write('npm-cli.js', fakeNpm);
});

afterEach(() => rmSync(clone, { recursive: true, force: true }));

/** Notes each call; fails with the next line of `failures` while there is one; otherwise installs a compiler that copies and a bundler that writes a page. */
const fakeNpm = `
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n');
const failures = existsSync('failures') ? readFileSync('failures', 'utf8').split('\\n').filter(Boolean) : [];
if (failures.length > 0) {
  console.error(failures[0]);
  writeFileSync('failures', failures.slice(1).join('\\n'));
  process.exit(1);
}
mkdirSync('node_modules/typescript/bin', { recursive: true });
writeFileSync('node_modules/typescript/package.json', '{"type":"module"}');
mkdirSync('node_modules/vite/bin', { recursive: true });
writeFileSync('node_modules/vite/package.json', '{"type":"module"}');
writeFileSync('node_modules/vite/bin/vite.js', \`
  import { mkdirSync, writeFileSync } from 'node:fs';
  const folder = process.argv[process.argv.indexOf('--outDir') + 1];
  mkdirSync(folder, { recursive: true });
  writeFileSync(folder + '/index.html', '<p>');
\`);
writeFileSync('node_modules/typescript/bin/tsc', \`
  import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
  const text = readFileSync('src/main.ts', 'utf8');
  if (text === 'wrong') { console.log('src/main.ts(1,1): error'); process.exit(2); }
  const folder = process.argv[process.argv.indexOf('--outDir') + 1];
  mkdirSync(folder, { recursive: true });
  writeFileSync(folder + '/main.js', text);
\`);
`;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), text);
}

const read = (path: string) => readFileSync(join(clone, path), 'utf8');
const npmCalls = () => (existsSync(join(clone, 'calls')) ? read('calls').trim().split('\n') : []);

function setup() {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/setup.mjs'], {
    cwd: clone,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, npm_execpath: join(clone, 'npm-cli.js') },
  });
  return { status, steps: stdout.trim().split('\n').filter(Boolean), complaints: stderr };
}

test('a fresh clone is installed and built, and then left alone', () => {
  const first = setup();
  expect(first).toMatchObject({ status: 0, complaints: '' });
  expect(first.steps).toEqual([expect.stringMatching(/^installing packages … \d+\.\d s$/), expect.stringMatching(/^building … \d+\.\d s$/)]);
  expect(npmCalls()).toEqual([expect.stringMatching(/^ci --include=dev /)]);
  expect(read('dist/store/migrations/0001.sql')).toBe('select 1;');
  expect(statSync(join(clone, 'dist/main.js')).mode & 0o111).toBe(0o111);
  expect(setup()).toEqual({ status: 0, steps: [], complaints: '' });
  expect(npmCalls()).toHaveLength(1);
});

test('a changed source is built again without what went away, a changed lockfile installed again', () => {
  setup();
  write('dist/gone.js', 'stale');
  write('src/main.ts', 'two');
  expect(setup().steps).toEqual([expect.stringMatching(/^building/)]);
  expect(read('dist/main.js')).toBe('two');
  expect(existsSync(join(clone, 'dist/gone.js'))).toBe(false);
  write('package-lock.json', JSON.stringify({ packages: { '': {}, 'node_modules/yaml': { version: '2.9.1' } } }));
  expect(setup().steps[0]).toMatch(/^installing packages/);
  expect(npmCalls()).toHaveLength(2);
});

test('what someone installed by hand is taken as it is when it fits the lockfile', () => {
  setup();
  rmSync(join(clone, 'node_modules/.oar-setup'));
  write('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/typescript': { version: '7.0.2' } } }));
  expect(setup()).toMatchObject({ status: 0, steps: [] });
  rmSync(join(clone, 'node_modules/.oar-setup'));
  write('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/typescript': { version: '6.0.0' } } }));
  expect(setup().steps[0]).toMatch(/^installing packages/);
});

test('a compile error is shown, and the dist that works stays', () => {
  setup();
  write('src/main.ts', 'wrong');
  const failed = setup();
  expect(failed.status).toBe(1);
  expect(failed.complaints).toContain('src/main.ts(1,1): error');
  expect(read('dist/main.js')).toBe('one');
});

test('a network failure is tried once more, and shown the second time; any other is shown at once', () => {
  write('failures', 'npm error code ECONNRESET\n');
  expect(setup().status).toBe(0);
  expect(npmCalls()).toHaveLength(2);
  rmSync(join(clone, 'node_modules'), { recursive: true });
  write('failures', 'npm error code ETIMEDOUT\nnpm error code ENOTFOUND\n');
  expect(setup()).toMatchObject({ status: 1, complaints: expect.stringContaining('ENOTFOUND') });
  expect(npmCalls()).toHaveLength(4);
  write('failures', 'npm error code EUSAGE\n');
  expect(setup()).toMatchObject({ status: 1, complaints: expect.stringContaining('EUSAGE') });
  expect(npmCalls()).toHaveLength(5);
});

test('what a killed build left behind is swept away, what a running one makes is not', () => {
  setup();
  write('.dist-new-999999999/main.js', 'half');
  write(`.dist-new-${process.pid}/main.js`, 'in the making');
  write('src/main.ts', 'two');
  setup();
  expect(existsSync(join(clone, '.dist-new-999999999'))).toBe(false);
  expect(existsSync(join(clone, `.dist-new-${process.pid}`))).toBe(true);
});

test.each([
  ['18.20.4', true],
  ['20.18.3', true],
  ['20.19.0', false],
  ['22.3.0', false],
])('Node %s is too old: %s', (version, tooOld) => {
  expect(nodeProblem(version) !== null).toBe(tooOld);
});
