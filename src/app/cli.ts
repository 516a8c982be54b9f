/** The command line: turns words into one command and its options. */
import { Command as Parser, CommanderError, Option } from 'commander';
import type { Command, CommandContext, GlobalOptions } from '../commands/command.ts';

const usualUrl = 'http://127.0.0.1:11435';

/** Runs what was typed. Resolves with the exit code: 0 done, 1 for everything else. Never rejects. */
export async function runCli(argv: readonly string[], context: CommandContext, commands: readonly Command[]): Promise<number> {
  let code = 0;
  const parser = createParser(context);
  for (const command of commands) {
    addCommand(parser, command, async (args, options) => {
      code = await command.run(context, args, options);
    }, context);
  }
  try {
    await parser.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (thrown) {
    // Commander has printed its message by then; help and version are thrown too.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 1;
    context.err(thrown instanceof Error ? thrown.message : String(thrown));
    return 1;
  }
}

function createParser(context: CommandContext): Parser {
  return new Parser('ollama-agent-router')
    .description('One address for every model you run yourself. The short name is `oar`.')
    .version(context.version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addOption(new Option('-c, --config <path>', 'configuration file'))
    .addOption(new Option('-u, --url <url>', `address of the router to talk to (OAR_URL), ${usualUrl} when left out`))
    .addOption(new Option('--base-path <path>', 'prefix of its addresses (OAR_BASE_PATH)'))
    .addOption(new Option('--api-key <key>', 'key to show it (OAR_API_KEY)'))
    .addOption(new Option('--json', 'print JSON, on a terminal too'))
    .addOption(new Option('--insecure', 'accept a certificate that nobody vouches for'))
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: (text) => context.out(text.trimEnd()), writeErr: (text) => context.err(text.trimEnd()) })
    .exitOverride();
}

function addCommand(parser: Parser, command: Command, run: (args: string[], options: GlobalOptions & Record<string, unknown>) => Promise<void>, context: CommandContext): void {
  const sub = parser.command(command.name).description(command.summary);
  for (const { name, description } of command.args ?? []) sub.argument(name, description);
  for (const { flags, description } of command.options ?? []) sub.option(flags, description);
  sub.action(async () => run(sub.args, { ...fromEnvironment(context.env), ...sub.optsWithGlobals<GlobalOptions & Record<string, unknown>>() }));
}

/** What the environment says of the router to talk to; flags stand above it. */
function fromEnvironment(env: CommandContext['env']): GlobalOptions {
  return {
    url: env.OAR_URL || usualUrl,
    ...(env.OAR_BASE_PATH ? { basePath: env.OAR_BASE_PATH } : {}),
    ...(env.OAR_API_KEY ? { apiKey: env.OAR_API_KEY } : {}),
  };
}
