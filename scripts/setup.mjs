/** Makes a clone ready to run: checks Node, installs what the lockfile names, builds what changed. Prints nothing when all of it is so already. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, isFresh } from './build.mjs';
import { root, runAsMain, runQuietly, StepFailed, step } from './step.mjs';

const installStamp = join(root, 'node_modules', '.oar-setup');
const networkFailure = /\b(ECONNRESET|ECONNREFUSED|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|ERR_SOCKET_TIMEOUT|EIDLETIMEOUT|FETCH_ERROR|E429|E50[0234])\b|network|socket hang up/i;

/**
 * What is wrong with this Node, or null.
 * @param {string} version as `process.versions.node` gives it
 */
export function nodeProblem(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return null;
  return `Node ${version} is too old: this program needs 20.19 or newer. Install one (the current LTS is a good choice) and run the same command again.`;
}

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** @param {string} path */
const stampOf = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');

function lockHash() {
  return createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).update(`${process.platform}-${process.arch}`).digest('hex');
}

/** Did someone else's `npm install` leave just what the lockfile names? Packages for other platforms may be absent. */
function installedByHand() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = readJson(record).packages;
  return Object.entries(readJson(join(root, 'package-lock.json')).packages).every(
    ([path, wanted]) => path === '' || (installed[path] ? installed[path].version === wanted.version : wanted.optional === true),
  );
}

function installPackages() {
  const npm = process.env.npm_execpath;
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  // Windows has npm as a .cmd file, which only a shell can start.
  const install = () =>
    npm && basename(npm).startsWith('npm') ? runQuietly(process.execPath, [npm, ...args]) : runQuietly('npm', args, { shell: process.platform === 'win32' });
  try {
    install();
    return;
  } catch (error) {
    if (!(error instanceof StepFailed) || !networkFailure.test(error.output)) throw error;
  }
  process.stdout.write('the registry did not answer, once more … ');
  install();
}

/** Leaves `node_modules` as the lockfile says. */
export function ensureInstalled() {
  const problem = nodeProblem(process.versions.node);
  if (problem) throw new StepFailed(problem);
  const hash = lockHash();
  if (stampOf(installStamp) === hash) return;
  if (!installedByHand()) step('installing packages', installPackages);
  writeFileSync(installStamp, hash);
}

/** Leaves `dist` as `src` says. */
export function ensureBuilt() {
  if (!isFresh()) step('building', build);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runAsMain(() => {
    ensureInstalled();
    ensureBuilt();
  });
}
