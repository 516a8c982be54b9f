/** Finds what the tier `real` can run against: an Ollama binary, small weights, the embedded engine, built-in speech to text. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { root, runQuietly, StepFailed, step } from './step.mjs';

const weightsName = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const speechPlatforms = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];
const enginePlatforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64'];

/**
 * @typedef {object} RealEngines
 * @property {string | null} ollama path of the binary
 * @property {string | null} weights path of a GGUF
 * @property {boolean} embedded can the embedded engine be installed and have weights?
 * @property {boolean} speech can built-in speech to text be installed, and its recordings be had?
 * @property {readonly string[]} missing what is not there and why, in words
 * @property {boolean} broken is something missing that this machine was told to have?
 */

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** @param {string} name @param {NodeJS.ProcessEnv} env */
export function onPath(name, env) {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name + suffix)).find(isExecutable) ?? null;
}

/**
 * The ways to an Ollama, in order: OLLAMA_BIN, PATH, the neighbouring build script.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} script a program whose `build` prints the path of the binary it made
 * @returns {{ path: string | null, problem?: string, broken?: boolean }}
 */
export function findOllama(env, script) {
  if (env.OLLAMA_BIN) {
    return isExecutable(env.OLLAMA_BIN) ? { path: env.OLLAMA_BIN } : { path: null, problem: 'OLLAMA_BIN names no program that can be run', broken: true };
  }
  const installed = onPath('ollama', env);
  if (installed) return { path: installed };
  if (!existsSync(script)) return { path: null, problem: 'no Ollama: set OLLAMA_BIN, or put `ollama` on PATH' };
  try {
    let built = '';
    step('finding or building an Ollama (minutes, the first time)', () => {
      built = runQuietly(script, ['build'], { env, timeout: 30 * 60_000 }).trim();
    });
    return isExecutable(built) ? { path: built } : { path: null, problem: 'the build of Ollama left no program', broken: true };
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    process.stderr.write(`${error.output.trimEnd().slice(-4_000)}\n`);
    return { path: null, problem: 'Ollama could not be built; see above', broken: true };
  }
}

/** @param {NodeJS.ProcessEnv} env */
function findWeights(env) {
  const cache = env.OAR_REAL_DIR ?? join(homedir(), '.cache', 'real-ollama');
  return [env.OAR_EMBEDDED_MODEL, join(cache, weightsName)].find((path) => path && existsSync(path)) ?? null;
}

/** @param {NodeJS.ProcessEnv} env */
function canDownloadWeights(env) {
  return spawnSync('python3', ['-m', 'pip', '--version'], { env, stdio: 'ignore' }).status === 0;
}

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {RealEngines}
 */
export function findRealEngines(env = process.env) {
  const ollama = findOllama(env, join(root, '..', 'shared', 'tools', 'real-ollama.sh'));
  const weights = findWeights(env);
  const missing = ollama.problem ? [ollama.problem] : [];
  const platform = `${process.platform}-${process.arch}`;
  let embedded = false;
  if (!enginePlatforms.includes(platform)) missing.push(`no embedded engine for ${platform}`);
  else if (!weights && !canDownloadWeights(env)) missing.push('no weights for the embedded engine: set OAR_EMBEDDED_MODEL, or install pip');
  else embedded = true;
  const speech = speechPlatforms.includes(platform) && canDownloadWeights(env);
  if (!speech) missing.push('no built-in speech to text: it needs pip, on Linux, macOS on ARM or Windows');
  return { ollama: ollama.path, weights, embedded, speech, missing, broken: ollama.broken === true };
}
