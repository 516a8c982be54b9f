/** What commands see of the real world: this process, its files and the network; the heavy parts are loaded when they are used. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import type { CommandContext } from '../commands/command.ts';
import { callRouter } from './call-router.ts';
import { openScreen } from './terminal-screen.ts';
import { watchRouter } from './watch-router.ts';

export function processContext(): CommandContext {
  const version = ownVersion();
  const { env } = process;
  const cwd = process.cwd();
  const out = (text: string): void => void process.stdout.write(`${text}\n`);
  const err = (text: string): void => void process.stderr.write(`${text}\n`);
  endQuietlyWithoutReader();
  return {
    cwd,
    env,
    version,
    isTerminal: process.stdout.isTTY === true,
    out,
    err,
    call: callRouter,
    pause: pauseOrInterrupt,
    watch: watchRouter,
    screen: () => openScreen({ input: process.stdin, output: process.stdout, env, process }),
    async loadConfig(explicitPath) {
      const { loadConfig } = await import('../config/load.ts');
      return loadConfig({ cwd, env, home: homedir(), ...(explicitPath === undefined ? {} : { explicitPath }) });
    },
    async keyFile(explicitPath) {
      const { findKeyFile } = await import('./key-file.ts');
      return findKeyFile({ cwd, env, ...(explicitPath === undefined ? {} : { explicitPath }) });
    },
    async checkAccessFile(explicitPath) {
      const { checkAccessFile } = await import('./key-file.ts');
      await checkAccessFile({ cwd, env, ...(explicitPath === undefined ? {} : { explicitPath }) });
    },
    async serve(options) {
      const { runRouter } = await import('./router.ts');
      return runRouter({ ...options, version, env, cwd, out, err });
    },
    async examine(options) {
      const { examineMachine } = await import('./doctor.ts');
      return examineMachine(options, { version, cwd, env });
    },
    async node(options) {
      const { runNode } = await import('./node.ts');
      return runNode(options, { version, cwd, env, out, err });
    },
    async ownCapacity({ mode, forMs, stateDir }) {
      const [{ orderCapacity }, { stateFolder }] = await Promise.all([import('./capacity-part.ts'), import('./state-folder.ts')]);
      await orderCapacity(stateFolder(stateDir, env), mode, forMs);
    },
  };
}

let interrupted: Promise<false> | null = null;

/** Whoever waits this way has something to put in order first: from then on Ctrl-C ends the wait, and a second one the process. */
function pauseOrInterrupt(delayMs: number): Promise<boolean> {
  interrupted ??= new Promise((resolve) => process.once('SIGINT', () => resolve(false)));
  const passed = new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(true), delayMs);
    void interrupted?.then(() => clearTimeout(timer));
  });
  return Promise.race([interrupted, passed]);
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}

/** `oar jobs | head` closes the pipe early; that is no failure. */
function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
