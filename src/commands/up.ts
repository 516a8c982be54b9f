/** `oar up`: finds what is there, serves it, and says how to use it. */
import type { Command } from './command.ts';
import { listenOptions, runServer } from './run-server.ts';

export const command: Command = {
  name: 'up',
  summary: 'find the models of this machine and serve them; starts a small one when there is none',
  options: listenOptions,
  run: runServer(true),
};
