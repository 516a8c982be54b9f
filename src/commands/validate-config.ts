/** `oar validate-config`: checks a configuration without serving it. */
import type { Command } from './command.ts';

export const command: Command = {
  name: 'validate-config',
  summary: 'check the configuration and say what is wrong with it',
  async run(context, _args, options) {
    const { path, warnings } = await context.loadConfig(options.config);
    await context.checkAccessFile(options.config);
    for (const warning of warnings) context.err(`Warning: ${warning}`);
    context.out(path === null ? 'There is no configuration file: the defaults hold.' : `Config is valid: ${path}`);
    return 0;
  },
};
