/** What `up` and `serve` have in common. */
import type { Command, CommandOption } from './command.ts';

export const listenOptions: readonly CommandOption[] = [
  { flags: '--host <address>', description: 'address to listen on' },
  { flags: '--port <number>', description: 'port to listen on' },
  { flags: '--lan', description: 'serve other machines too, with a key that is made when there is none' },
];

/** Serves until it is told to stop; friendly talks to a person instead of logging JSON lines. */
export function runServer(friendly: boolean): Command['run'] {
  return (context, _args, { config, host, port, lan }) =>
    context.serve({
      friendly,
      ...(config === undefined ? {} : { configPath: config }),
      ...(typeof host === 'string' ? { host } : {}),
      ...(typeof port === 'string' ? { port } : {}),
      ...(lan === true ? { lan } : {}),
    });
}
