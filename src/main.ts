#!/usr/bin/env node
/** The bin entry: hands what was typed to the command line. */
import { runCli } from './app/cli.ts';
import { processContext } from './app/command-context.ts';
import { commands } from './commands/index.gen.ts';

process.exitCode = await runCli(process.argv.slice(2), processContext(), commands);
