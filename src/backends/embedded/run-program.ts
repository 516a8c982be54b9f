/** Runs another program to its end, bounded in time. */
import { spawn } from 'node:child_process';

export interface ProgramResult {
  /** Null when a signal or the time limit ended it. */
  readonly code: number | null;
  readonly timedOut: boolean;
  /** The last 64 kB of standard output and standard error together, in order of arrival. */
  readonly output: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Null: there is no such program. Rejects with the signal's reason when aborted. */
export type RunProgram = (command: string, args: readonly string[], options: RunOptions) => Promise<ProgramResult | null>;

const keptCharacters = 65_536;

export const runProgram: RunProgram = (command, args, options) => {
  options.signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: { ...options.env }, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    let output = '';
    let timedOut = false;
    const keep = (text: string) => {
      output = (output + text).slice(-keptCharacters);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const kill = () => {
      child.kill('SIGKILL');
      // A grandchild may hold the pipes open, and `close` would wait for it.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.timeoutMs);
    options.signal.addEventListener('abort', kill, { once: true });
    const settle = (act: () => void) => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', kill);
      if (options.signal.aborted) reject(options.signal.reason);
      else act();
    };
    child.on('error', (cause) => settle(() => ((cause as NodeJS.ErrnoException).code === 'ENOENT' ? resolve(null) : reject(cause))));
    child.on('close', (code) => settle(() => resolve({ code, timedOut, output })));
  });
};

/** The last lines that say something, for an error message. */
export function lastLines(output: string, count: number): string {
  const lines = output.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '');
  return lines.slice(-count).join(' | ');
}
