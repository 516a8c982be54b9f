/** Where downloads are kept between runs, and where Ollama keeps its own. */
import { posix, win32 } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** `OAR_CACHE_DIR`, else the cache folder that the platform's conventions name. `home` is the user's home folder. */
export function cacheFolder(env: Environment, platform: NodeJS.Platform, home: string): string {
  if (env.OAR_CACHE_DIR) return env.OAR_CACHE_DIR;
  const name = 'ollama-agent-router';
  if (platform === 'win32') return win32.join(env.LOCALAPPDATA ?? win32.join(home, 'AppData', 'Local'), name);
  if (env.XDG_CACHE_HOME) return posix.join(env.XDG_CACHE_HOME, name);
  return platform === 'darwin' ? posix.join(home, 'Library', 'Caches', name) : posix.join(home, '.cache', name);
}

/** Ollama's model folders on this machine, whether or not they exist: the configured one alone, else the user's and the Linux service's. */
export function ollamaStoreFolders(env: Environment, platform: NodeJS.Platform, home: string): readonly string[] {
  if (env.OLLAMA_MODELS) return [env.OLLAMA_MODELS];
  if (platform === 'win32') return [win32.join(home, '.ollama', 'models')];
  const own = posix.join(home, '.ollama', 'models');
  return platform === 'linux' ? [own, '/usr/share/ollama/.ollama/models'] : [own];
}
