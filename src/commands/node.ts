/** `oar node`: offers this machine to a router of the network, and takes its work. */
import type { Command, CommandContext } from './command.ts';
import { spanOf } from './time-span.ts';

export const command: Command = {
  name: 'node',
  summary: 'offer this machine and its models to a router in the network',
  args: [
    { name: '[action]', description: 'capacity: say how much of this machine the fleet may use; left out: run' },
    { name: '[mode]', description: 'for capacity: full, paused or auto' },
  ],
  options: [
    { flags: '--join <token>', description: 'token that `oar serve --lan` printed (OAR_JOIN_TOKEN); without it the machine waits to be approved' },
    { flags: '--router-url <url>', description: 'address of the router (FLEET_NODE_ROUTER_URL); found by mDNS when left out' },
    { flags: '--node-id <id>', description: 'name of this machine in the fleet (FLEET_NODE_NODE_ID); made once and kept when left out' },
    { flags: '--ollama-host <url>', description: 'where Ollama answers (FLEET_NODE_OLLAMA_HOST, OLLAMA_HOST)' },
    { flags: '--start-ollama', description: 'run `ollama serve` when none answers, and again when it dies' },
    { flags: '--allow-restart', description: 'let the router restart an Ollama service that the node did not start' },
    { flags: '--relay-port <port>', description: 'port of the relay to servers that answer on this machine alone; any free one when left out' },
    { flags: '--learn-capacity', description: 'learn when the owner needs the machine, and leave it then (FLEET_NODE_ENABLE_CAPACITY_LEARNING)' },
    { flags: '--speech', description: 'speech to text on the CPU (Moonshine, English); the first start downloads about 200 MB and keeps 90 MB' },
    { flags: '--no-media', description: 'leave alone the programs here that make pictures or hear recordings' },
    { flags: '--state-dir <folder>', description: 'where the id and secret of this machine are kept (FLEET_NODE_DATA_DIR)' },
    { flags: '--for <time>', description: 'how long the capacity holds: 30m, 2h, 1d; until it is changed when left out' },
    { flags: '--log-level <level>', description: 'debug, info, warn or silent' },
  ],
  async run(context, [action, mode], options) {
    if (action === 'capacity') return setCapacity(context, mode, options);
    if (action !== undefined) throw new Error(`oar node takes nothing, or capacity, not ${action}.`);
    const text = (name: string): { readonly [key: string]: string } => (typeof options[name] === 'string' ? { [name]: options[name] } : {});
    return context.node({
      ...text('join'),
      ...text('routerUrl'),
      ...text('nodeId'),
      ...text('ollamaHost'),
      ...text('stateDir'),
      ...text('logLevel'),
      ...(options.config === undefined ? {} : { configPath: options.config }),
      startOllama: options['startOllama'] === true,
      allowRestart: options['allowRestart'] === true,
      learnCapacity: options['learnCapacity'] === true,
      media: options['media'] !== false,
      speech: options['speech'] === true,
      insecure: options.insecure === true,
      relayPort: portIn(options['relayPort']),
    });
  },
};

/** The word of whoever owns this machine goes before that of the router. */
async function setCapacity(context: CommandContext, mode: string | undefined, options: Readonly<Record<string, unknown>>): Promise<number> {
  if (mode !== 'full' && mode !== 'paused' && mode !== 'auto') throw new Error('How much of this machine? Write: oar node capacity full, paused or auto.');
  const forMs = spanOf(options['for']);
  const { stateDir } = options;
  await context.ownCapacity({ mode, forMs, ...(typeof stateDir === 'string' ? { stateDir } : {}) });
  const said = { full: 'All of this machine is for the fleet', paused: 'The fleet gets nothing of this machine', auto: 'This machine finds out by itself how much of it is free' }[mode];
  context.out(`${said}${mode === 'auto' || forMs === null ? '' : `, for ${String(options['for'])}`}. What runs here for the fleet heeds that within half a minute.`);
  return 0;
}

function portIn(value: unknown): number {
  if (value === undefined) return 0;
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--relay-port ${String(value)} is no port. It is a number from 1 to 65535.`);
  return port;
}
