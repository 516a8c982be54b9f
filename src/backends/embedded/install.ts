/** Puts llama.cpp for Node into the cache folder on first use; it is never a dependency of this package. */
import { cannotInstall, type InstallOptions, installPackages } from './install-packages.ts';

export type { InstallOptions } from './install-packages.ts';

export const engineVersion = '3.22.1';
const packages: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-arm64': 'mac-arm64-metal',
  'darwin-x64': 'mac-x64',
  'win32-x64': 'win-x64',
  'win32-arm64': 'win-arm64',
};

const words = { what: 'The embedded engine', instead: 'It needs npm and the npm registry once; or install Ollama (https://ollama.com) and start again.' };

/** Resolves with the folder that holds `node_modules/node-llama-cpp`. Rejects with `no_capacity` and the next step when npm or the network is missing. */
export async function installEngine(options: InstallOptions): Promise<string> {
  const platform = options.platform ?? process.platform;
  const binaries = packages[`${platform}-${options.arch ?? process.arch}`];
  if (!binaries) throw cannotInstall(words, `there is no prebuilt llama.cpp for ${platform} on ${options.arch ?? process.arch}`);
  const set = {
    ...words,
    label: `installing llama.cpp (node-llama-cpp ${engineVersion}, ${binaries})`,
    folder: `engine-${engineVersion}`,
    name: 'oar-engine',
    packages: [`node-llama-cpp@${engineVersion}`, `@node-llama-cpp/${binaries}@${engineVersion}`],
    mark: { version: engineVersion, binaries },
  };
  return installPackages(set, options);
}
