/** Puts npm packages into the cache folder on first use, for what is never a dependency of this package. */
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

export interface PackageSet {
  /** For people: `The embedded engine`. */
  readonly what: string;
  /** What is shown while it goes on. */
  readonly label: string;
  /** Its name in the cache folder; carries the version. */
  readonly folder: string;
  /** Of the package.json that is made for npm. */
  readonly name: string;
  readonly packages: readonly string[];
  /** Kept with the packages: another version or platform is not taken for this one. */
  readonly mark: { readonly version: string; readonly binaries: string };
  /** What to do when it cannot be had. */
  readonly instead: string;
  /** Further variables for npm. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called before the folder is published. */
  tidy?(folder: string): Promise<void>;
}

const marker = 'complete.json';
const installMs = 600_000;

/** Resolves with the folder that holds `node_modules`. Rejects with `no_capacity` and the next step when npm or the network is missing. */
export async function installPackages(set: PackageSet, options: InstallOptions): Promise<string> {
  const target = join(options.cacheDir, set.folder);
  if (await isComplete(target, set)) return target;
  await withPartialFolder(options.cacheDir, async (folder) => {
    await runNpm(folder, set, options);
    await set.tidy?.(folder);
    await writeFile(join(folder, marker), JSON.stringify(set.mark));
    await moveInto(target, folder, set);
  });
  return target;
}

async function runNpm(folder: string, set: PackageSet, options: InstallOptions): Promise<void> {
  const npm = findNpm({ env: options.env, platform: options.platform ?? process.platform, execPath: options.execPath ?? process.execPath });
  if (!npm) throw cannotInstall(set, 'npm was not found next to Node or on the PATH');
  options.onProgress({ stage: 'engine', label: set.label });
  // A package.json of its own keeps npm from walking up to somebody else's project.
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: set.name, private: true }));
  const [command, ...first] = npm;
  const args = [...first, 'install', ...set.packages, '--prefix', folder,
    '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--no-progress', '--loglevel=error', '--fetch-retries=1', '--fetch-timeout=60000'];
  const result = await options.runProgram(command, args, { cwd: folder, env: { ...cleanNpmEnvironment(options.env), ...set.env }, timeoutMs: installMs, signal: options.signal });
  if (result === null) throw cannotInstall(set, `${command} could not be started`);
  if (result.timedOut) throw cannotInstall(set, `npm took longer than ${installMs / 1000} s`);
  if (result.code !== 0) throw cannotInstall(set, `npm failed: ${lastLines(withoutLogHints(result.output), 4) || `exit code ${result.code}`}`);
}

/** The folder's rename is what publishes it, so no one ever sees half of it. */
async function moveInto(target: string, folder: string, set: PackageSet): Promise<void> {
  try {
    await rename(folder, target);
  } catch (cause) {
    // Someone else was faster, or something broken lies there.
    if (await isComplete(target, set)) return;
    await rm(target, { recursive: true, force: true, maxRetries: 3 });
    await rename(folder, target).catch(async () => {
      if (!(await isComplete(target, set))) throw cannotInstall(set, `${target} cannot be replaced`, cause);
    });
  }
}

async function isComplete(target: string, { mark }: PackageSet): Promise<boolean> {
  const text = await readFile(join(target, marker), 'utf8').catch(() => null);
  return text?.includes(`"${mark.binaries}"`) ?? false;
}

function withoutLogHints(output: string): string {
  return output.split('\n').filter((line) => !/complete log of this run|A complete log/.test(line)).join('\n');
}

export function cannotInstall({ what, instead }: Pick<PackageSet, 'what' | 'instead'>, why: string, cause?: unknown): RouterError {
  return new RouterError('no_capacity', `${what} could not be installed: ${why}. ${instead}`, { cause });
}
