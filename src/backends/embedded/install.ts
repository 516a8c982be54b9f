/** Puts llama.cpp for Node into the cache folder on first use; it is never a dependency of this package. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RouterError } from '../../core/errors.ts';
import { cleanNpmEnvironment, findNpm } from './find-npm.ts';
import { withPartialFolder } from './partial-folder.ts';
import type { OnProgress } from './render-progress.ts';
import { lastLines, type RunProgram } from './run-program.ts';

export interface InstallOptions {
  readonly cacheDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runProgram: RunProgram;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
  /** Absent: those of this process. */
  readonly platform?: NodeJS.Platform;
  readonly arch?: string;
  readonly execPath?: string;
}

export const engineVersion = '3.22.1';
const marker = 'complete.json';
const installMs = 600_000;
const packages: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-arm64': 'mac-arm64-metal',
  'darwin-x64': 'mac-x64',
  'win32-x64': 'win-x64',
  'win32-arm64': 'win-arm64',
};

/** Resolves with the folder that holds `node_modules/node-llama-cpp`. Rejects with `no_capacity` and the next step when npm or the network is missing. */
export async function installEngine(options: InstallOptions): Promise<string> {
  const engine = join(options.cacheDir, `engine-${engineVersion}`);
  const platform = options.platform ?? process.platform;
  const binaries = packages[`${platform}-${options.arch ?? process.arch}`];
  if (!binaries) throw cannot(`there is no prebuilt llama.cpp for ${platform} on ${options.arch ?? process.arch}`);
  if (await isComplete(engine, binaries)) return engine;
  await withPartialFolder(options.cacheDir, async (folder) => {
    await runNpm(folder, binaries, platform, options);
    await writeFile(join(folder, marker), JSON.stringify({ version: engineVersion, binaries }));
    await moveInto(engine, folder, binaries);
  });
  return engine;
}

async function runNpm(folder: string, binaries: string, platform: NodeJS.Platform, options: InstallOptions): Promise<void> {
  const npm = findNpm({ env: options.env, platform, execPath: options.execPath ?? process.execPath });
  if (!npm) throw cannot('npm was not found next to Node or on the PATH');
  options.onProgress({ stage: 'engine', label: `installing llama.cpp (node-llama-cpp ${engineVersion}, ${binaries})` });
  // A package.json of its own keeps npm from walking up to somebody else's project.
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'oar-engine', private: true }));
  const [command, ...first] = npm;
  const args = [...first, 'install', `node-llama-cpp@${engineVersion}`, `@node-llama-cpp/${binaries}@${engineVersion}`, '--prefix', folder,
    '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--no-progress', '--loglevel=error', '--fetch-retries=1', '--fetch-timeout=60000'];
  const result = await options.runProgram(command, args, { cwd: folder, env: cleanNpmEnvironment(options.env), timeoutMs: installMs, signal: options.signal });
  if (result === null) throw cannot(`${command} could not be started`);
  if (result.timedOut) throw cannot(`npm took longer than ${installMs / 1000} s`);
  if (result.code !== 0) throw cannot(`npm failed: ${lastLines(withoutLogHints(result.output), 4) || `exit code ${result.code}`}`);
}

/** The folder's rename is what publishes it, so no one ever sees half an engine. */
async function moveInto(engine: string, folder: string, binaries: string): Promise<void> {
  try {
    await rename(folder, engine);
  } catch (cause) {
    // Someone else was faster, or something broken lies there.
    if (await isComplete(engine, binaries)) return;
    await rm(engine, { recursive: true, force: true, maxRetries: 3 });
    await rename(folder, engine).catch(async () => {
      if (!(await isComplete(engine, binaries))) throw cannot(`${engine} cannot be replaced`, cause);
    });
  }
}

async function isComplete(engine: string, binaries: string): Promise<boolean> {
  const text = await readFile(join(engine, marker), 'utf8').catch(() => null);
  return text?.includes(`"${binaries}"`) ?? false;
}

function withoutLogHints(output: string): string {
  return output.split('\n').filter((line) => !/complete log of this run|A complete log/.test(line)).join('\n');
}

function cannot(why: string, cause?: unknown): RouterError {
  return new RouterError('no_capacity', `The embedded engine could not be installed: ${why}. It needs npm and the npm registry once; or install Ollama (https://ollama.com) and start again.`, { cause });
}
