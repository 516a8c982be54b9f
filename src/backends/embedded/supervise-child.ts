/** Keeps one child process running: starts it, waits until it serves, starts it again when it dies. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { CancelTimer, Clock } from '../../core/clock.ts';
import { RouterError } from '../../core/errors.ts';
import { LineSplitter } from '../../util/line-splitter.ts';
import { type EngineReady, readReadyLine } from './engine-settings.ts';
import { lastLines } from './run-program.ts';

export interface ChildSettings {
  readonly command: string;
  readonly args: readonly string[];
  /** `port` is 0 at the first start and the port of that start ever after. */
  environment(port: number): Readonly<Record<string, string | undefined>>;
  readonly readyMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The process died or could not be started again; `againInMs` says when the next try is. */
  onTrouble(message: string, againInMs: number): void;
  onRestarted(): void;
}

export interface SupervisedChild {
  readonly port: number;
  /** SIGTERM, then SIGKILL after 3 s; resolves when the process is gone. Calling it twice is fine. */
  stop(): Promise<void>;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const firstPauseMs = 500;
const longestPauseMs = 30_000;
// A process that served this long is not in a crash loop.
const steadyMs = 60_000;
const graceMs = 3000;
const keptCharacters = 8192;

/** Rejects with `backend_failed` (the end of what it wrote on standard error) or `backend_timeout` when the first start fails; there is no second try then. `signal` ends only the start. */
export async function superviseChild(settings: ChildSettings): Promise<SupervisedChild> {
  const keeper = new Keeper(settings);
  const ready = await keeper.start();
  return { port: ready.port, stop: () => keeper.stop() };
}

class Keeper {
  readonly #settings: ChildSettings;
  #child: Child | null = null;
  #port = 0;
  #stopping = false;
  #pauseMs = firstPauseMs;
  #startedAt = 0;
  #cancelRestart: CancelTimer = () => {};

  constructor(settings: ChildSettings) {
    this.#settings = settings;
  }

  async start(): Promise<EngineReady> {
    const { signal } = this.#settings;
    signal.throwIfAborted();
    const stop = () => void this.stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const ready = await this.#launch();
      signal.throwIfAborted();
      this.#port = ready.port;
      return ready;
    } catch (thrown) {
      await this.stop();
      signal.throwIfAborted();
      throw thrown;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#cancelRestart();
    const child = this.#child;
    if (!child || hasEnded(child)) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#settings.clock.after(graceMs, () => child.kill('SIGKILL'));
      child.once('exit', () => {
        cancel();
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  #launch(): Promise<EngineReady> {
    const { command, args, environment, readyMs, clock } = this.#settings;
    this.#startedAt = clock.now();
    const child: Child = spawn(command, args, { env: { ...environment(this.#port) }, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    this.#child = child;
    child.stdin.on('error', () => undefined);
    let written = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      written = (written + text).slice(-keptCharacters);
    });
    return new Promise((resolve, reject) => {
      let ready = false;
      const cancel = clock.after(readyMs, () => {
        reject(new RouterError('backend_timeout', `The engine did not start within ${readyMs / 1000} s. ${lastLines(written, 3)}`.trim()));
        child.kill('SIGKILL');
      });
      onLines(child.stdout, (line) => {
        const message = ready ? null : readReadyLine(line);
        if (!message) return;
        ready = true;
        cancel();
        resolve(message);
      });
      let over = false;
      const ended = (why: string, cause?: unknown) => {
        if (over) return;
        over = true;
        cancel();
        if (ready) this.#died(`The engine ended (${why}). ${lastLines(written, 3)}`.trim());
        else reject(new RouterError('backend_failed', `The engine did not start (${why}). ${lastLines(written, 5)}`.trim(), { cause }));
      };
      child.once('error', (cause) => ended(cause.message, cause));
      // `close` comes after `exit`, when all of standard error has been read.
      child.once('close', (code, endedBy) => ended(endedBy ?? `exit code ${code}`));
    });
  }

  #died(message: string): void {
    if (this.#stopping) return;
    if (this.#settings.clock.now() - this.#startedAt >= steadyMs) this.#pauseMs = firstPauseMs;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    this.#settings.onTrouble(message, pauseMs);
    this.#cancelRestart = this.#settings.clock.after(pauseMs, () => void this.#restart());
  }

  async #restart(): Promise<void> {
    if (this.#stopping) return;
    try {
      await this.#launch();
      this.#settings.onRestarted();
    } catch (thrown) {
      this.#died(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
}

function onLines(stream: Readable, take: (line: string) => void): void {
  const splitter = new LineSplitter();
  stream.on('data', (chunk: Buffer) => {
    for (const line of splitter.push(chunk)) take(line);
  });
}

function hasEnded(child: Child): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}
