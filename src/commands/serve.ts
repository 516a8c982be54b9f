/** `oar serve`: serves as a service does, with JSON lines on standard output. */
import type { Command } from './command.ts';
import { listenOptions, runServer } from './run-server.ts';

export const command: Command = {
  name: 'serve',
  summary: 'serve in the foreground, logging JSON lines',
  options: listenOptions,
  run: runServer(false),
};
