/** `oar init`: writes a first configuration file. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorCode } from '../util/error-code.ts';
import type { Command } from './command.ts';
import { starterConfig } from './starter-config.ts';

const usualOutput = './ollama-agent-router.yaml';

export const command: Command = {
  name: 'init',
  summary: 'write a first configuration file',
  options: [{ flags: '-o, --output <path>', description: `where to write it, ${usualOutput} when left out` }],
  async run(context, _args, { output }) {
    const asked = typeof output === 'string' ? output : usualOutput;
    const path = resolve(context.cwd, asked);
    try {
      await writeFile(path, starterConfig, { flag: 'wx' });
    } catch (cause) {
      context.err(whyNotWritten(cause, path));
      return 1;
    }
    context.out(`Wrote ${asked}`);
    return 0;
  },
};

function whyNotWritten(cause: unknown, path: string): string {
  switch (errorCode(cause)) {
    case 'EEXIST':
      return `Refusing to overwrite existing config: ${path}`;
    case 'ENOENT':
    case 'ENOTDIR':
      return `The folder of ${path} does not exist. Make it first.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `You may not write ${path}. Choose another place with --output.`;
    default:
      return `Cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}
