import { expect, test } from 'vitest';
import { cacheFolder, ollamaStoreFolders } from './cache-folder.ts';

test.each([
  [{ OAR_CACHE_DIR: '/data/c', XDG_CACHE_HOME: '/x' }, 'linux', '/data/c'],
  [{ XDG_CACHE_HOME: '/x' }, 'linux', '/x/ollama-agent-router'],
  [{}, 'linux', '/home/u/.cache/ollama-agent-router'],
  [{}, 'darwin', '/home/u/Library/Caches/ollama-agent-router'],
  [{ LOCALAPPDATA: 'C:\\L' }, 'win32', 'C:\\L\\ollama-agent-router'],
] as const)('%j on %s is %s', (env, platform, folder) => {
  expect(cacheFolder(env, platform, '/home/u')).toBe(folder);
});

test("Ollama's folder is the configured one alone, else the usual ones", () => {
  expect(ollamaStoreFolders({ OLLAMA_MODELS: '/big' }, 'linux', '/home/u')).toEqual(['/big']);
  expect(ollamaStoreFolders({}, 'linux', '/home/u')).toEqual(['/home/u/.ollama/models', '/usr/share/ollama/.ollama/models']);
  expect(ollamaStoreFolders({}, 'darwin', '/home/u')).toEqual(['/home/u/.ollama/models']);
});
