/** Builds dist from src beside the old one and swaps, so that a running program never sees half of either. */
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { pathToFileURL } from 'node:url';
import { root, runAsMain, runScript, step } from './step.mjs';

const source = join(root, 'src');
const page = join(root, 'ui');
const target = join(root, 'dist');
const stamp = join(root, 'node_modules', '.oar-build');

/** Every file under a folder, sorted. @param {string} folder @returns {string[]} */
export function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)]))
    .sort();
}

/** @param {string} path */
const isBuilt = (path) => !/\.(test|gen)\.tsx?$/.test(path);

/** A hash over everything that dist is made from; the generated indexes follow from the rest. */
function sourceHash() {
  const hash = createHash('sha256');
  const makers = ['tsconfig.json', 'package-lock.json', 'scripts/gen.mjs', 'scripts/build.mjs'].map((name) => join(root, name));
  for (const path of [...makers, ...[...filesUnder(source), ...filesUnder(page)].filter(isBuilt)]) {
    hash.update(`${relative(root, path).split(sep).join('/')}\0`).update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

/** Is dist what a build of this source would make? Compares content, not times: a checkout changes the times of files it does not change. */
export function isFresh() {
  return existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceHash();
}

/** What earlier builds left behind when they were killed. */
function removeLeftovers() {
  for (const name of readdirSync(root)) {
    const pid = /^\.dist-(?:new|old)-(\d+)$/.exec(name)?.[1];
    if (pid && !isRunning(Number(pid))) rmSync(join(root, name), { recursive: true, force: true });
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Copies what is not TypeScript (migrations, word lists) to where the code looks for it. @param {string} folder */
function copyAssets(folder) {
  for (const path of filesUnder(source)) {
    if (path.endsWith('.ts') || /\.test\./.test(path)) continue;
    const copy = join(folder, relative(source, path));
    mkdirSync(dirname(copy), { recursive: true });
    cpSync(path, copy);
  }
}

/** Bundles the dashboard, and packs its files once so that the router does not have to for each visitor. @param {string} folder */
function buildPage(folder) {
  runScript('node_modules/vite/bin/vite.js', ['build', '--config', 'ui/vite.config.mjs', '--outDir', folder, '--logLevel', 'warn']);
  for (const path of filesUnder(folder)) {
    const bytes = readFileSync(path);
    if (bytes.length < 1024) continue;
    writeFileSync(`${path}.br`, brotliCompressSync(bytes));
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

/** Generates, compiles, copies and swaps. Throws StepFailed with the compiler's words; the old dist then stays. */
export function build() {
  removeLeftovers();
  // As deep as dist, so that the source maps point to the same places.
  const fresh = join(root, `.dist-new-${process.pid}`);
  const old = join(root, `.dist-old-${process.pid}`);
  const hash = sourceHash();
  try {
    runScript('scripts/gen.mjs');
    runScript('node_modules/typescript/bin/tsc', ['-p', 'tsconfig.json', '--outDir', fresh]);
    copyAssets(fresh);
    buildPage(join(fresh, 'ui'));
    for (const path of filesUnder(fresh)) if (/\.test\./.test(path)) rmSync(path);
    const main = join(fresh, 'main.js');
    if (existsSync(main)) chmodSync(main, 0o755);
    rmSync(stamp, { force: true });
    if (existsSync(target)) renameSync(target, old);
    renameSync(fresh, target);
    writeFileSync(stamp, hash);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runAsMain(() => step('building', build));
}
