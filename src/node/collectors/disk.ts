/** The disk where Ollama keeps its models. */
import { dirname, join, parse } from 'node:path';
import type { Collector, HostFacts } from './collector.ts';

export const collector: Collector = {
  id: 'disk',
  everyMs: 30_000,
  async collect({ host, space }) {
    for (const folder of modelFolders(host)) {
      const found = await space(folder);
      if (found !== null) return { disk: { totalBytes: found.totalBytes, usedBytes: found.totalBytes - found.freeBytes, availableBytes: found.availableBytes } };
    }
    return null;
  },
};

/** Where models may be, likeliest first: as told, the user's, the Linux service's, and the disk of the home folder. */
export function modelFolders({ env, home, platform }: HostFacts): readonly string[] {
  const told = env['OLLAMA_MODELS'];
  const service = platform === 'linux' ? ['/usr/share/ollama/.ollama/models'] : [];
  return [...(told ? [told, dirname(told)] : []), join(home, '.ollama', 'models'), ...service, home, parse(home).root || '/'];
}
