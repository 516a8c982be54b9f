/** An Ollama that the agent runs itself: started when none answers, started again when it dies, stopped with the agent. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { CancelTimer, Clock } from '../core/clock.ts';
import { errorCode } from '../util/error-code.ts';
import type { Terminal } from './node.ts';
import { pauseBeforeRestart } from './restart-pauses.ts';

export interface OllamaSettings {
  readonly clock: Clock;
  /** The program, `ollama` for the one on the path. */
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  /** It was started or has ended: whether it answers is to be asked anew. */
  changed(): void;
}

const graceMs = 10_000;
const keptCharacters = 4096;

export class OllamaProcess {
  readonly #settings: OllamaSettings;
  #env: Readonly<Record<string, string | undefined>>;
  #child: ChildProcess | null = null;
  #written = '';
  #deaths: number[] = [];
  #cancel: CancelTimer | null = null;
  #given = false;
  #stopping = false;

  constructor(settings: OllamaSettings) {
    this.#settings = settings;
    this.#env = settings.env;
  }

  /** Does it run, as a process of the agent's own? */
  get runs(): boolean {
    return this.#child !== null;
  }

  /** How many requests it serves at once, when that is set. */
  get slots(): number | undefined {
    const count = Number(this.#env['OLLAMA_NUM_PARALLEL']);
    return this.runs && Number.isInteger(count) && count > 0 ? count : undefined;
  }

  /** Does nothing while it runs, waits for its turn, or was given up. */
  start(): void {
    if (this.#child !== null || this.#cancel !== null || this.#given || this.#stopping) return;
    const { program, terminal } = this.#settings;
    terminal.info(`Starting ${program} serve.`);
    // Ctrl-C goes to the whole group of a terminal: in one of its own it goes on until running requests have ended.
    const child = spawn(program, ['serve'], { env: { ...this.#env }, stdio: ['ignore', 'ignore', 'pipe'], detached: process.platform !== 'win32', windowsHide: true });
    this.#child = child;
    this.#written = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#written = (this.#written + text).slice(-keptCharacters);
    });
    child.once('error', (cause) => this.#ended(child, errorCode(cause) === 'ENOENT' ? 'missing' : cause.message));
    child.once('close', (code, signal) => this.#ended(child, signal ?? `exit code ${code}`));
    this.#settings.changed();
  }

  /** Stops it and starts it with further settings in its environment. */
  async restart(env: Readonly<Record<string, string>>): Promise<void> {
    this.#env = { ...this.#env, ...env };
    this.#given = false;
    this.#deaths = [];
    await this.#halt();
    this.start();
  }

  /** For good. Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#halt();
  }

  async #halt(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#settings.clock.after(graceMs, () => child.kill('SIGKILL'));
      child.once('close', () => {
        cancel();
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  #ended(child: ChildProcess, why: string): void {
    // One that was stopped on purpose is nobody's any more.
    if (this.#child !== child) return;
    this.#child = null;
    const { clock, program, terminal } = this.#settings;
    if (why === 'missing') {
      this.#given = true;
      terminal.warn(`There is no program ${program} on this machine. Install Ollama (https://ollama.com/download), then start the node again.`);
      return;
    }
    this.#deaths.push(clock.now());
    const pauseMs = pauseBeforeRestart(this.#deaths);
    const last = this.#written.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
    if (pauseMs === null) {
      this.#given = true;
      terminal.warn(`Ollama has ended ${this.#deaths.length} times within five minutes (${why}), and is not started again. ${last}`.trim());
    } else {
      terminal.warn(`Ollama has ended (${why}). Starting it again in ${pauseMs / 1000} s. ${last}`.trim());
      this.#cancel = clock.after(pauseMs, () => {
        this.#cancel = null;
        this.start();
      });
    }
    this.#settings.changed();
  }
}
