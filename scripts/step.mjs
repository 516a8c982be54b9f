/** One step of a script: runs it, prints its name and how long it took, and shows output only when it fails. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** A step that did not succeed; `output` is what a reader needs to mend it. */
export class StepFailed extends Error {
  /** @param {string} message @param {string} [output] */
  constructor(message, output = '') {
    super(message);
    this.output = output;
  }
}

/** @param {number} startedAt as `performance.now()` gave it */
export const secondsSince = (startedAt) => ((performance.now() - startedAt) / 1000).toFixed(1);

/**
 * Prints `name … 1.2 s` around `run`; a text that `run` returns is printed behind it.
 * @param {string} name
 * @param {() => string | void} run
 */
export function step(name, run) {
  const startedAt = performance.now();
  process.stdout.write(`${name} … `);
  try {
    const note = run();
    process.stdout.write(`${secondsSince(startedAt)} s${note ? `, ${note}` : ''}\n`);
  } catch (error) {
    process.stdout.write(`failed after ${secondsSince(startedAt)} s\n`);
    throw error;
  }
}

/**
 * Runs a program quietly and returns its standard output; throws StepFailed with everything it wrote when it fails.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
export function runQuietly(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 256 * 1024 * 1024, ...options });
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`;
  // A time limit shows as an error too, with what was written until then.
  if (result.error) throw new StepFailed(`${program} could not be run: ${result.error.message}`, output);
  if (result.status !== 0) throw new StepFailed(`${[program, ...args].join(' ')} ended with ${result.signal ?? result.status}`, output);
  return String(result.stdout);
}

/**
 * Runs a script of an installed package or of this folder with this same Node.
 * @param {string} script relative to the repository's root
 * @param {readonly string[]} [args]
 */
export const runScript = (script, args = []) => runQuietly(process.execPath, [join(root, script), ...args]);

/**
 * The end of a script: runs it, and turns a failed step into its output and exit code 1.
 * @param {() => void | Promise<void>} main
 */
export async function runAsMain(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    if (error.output) process.stderr.write(`${error.output.trimEnd()}\n`);
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
