/** The built router as a process of its own, as a person would run it. Needs a build. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach } from 'vitest';

const dist = process.env['OAR_DIST'] ?? fileURLToPath(new URL('../../dist', import.meta.url));
export const main = join(dist, 'main.js');

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Finished {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

const folders: string[] = [];
const children = new Set<ChildProcess>();

let untilEndOfFile = false;

/** Processes and folders live until the file's last test instead of the present one's end. */
export function keepForFile(): void {
  untilEndOfFile = true;
}

afterEach(async () => {
  if (!untilEndOfFile) await giveBack();
});
afterAll(giveBack);

async function giveBack(): Promise<void> {
  await Promise.all([...children].map(killed));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

function killed(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('close', () => resolve());
    child.kill('SIGKILL');
  });
}

/** An empty folder that is gone after the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'oar-process-'));
  folders.push(folder);
  return folder;
}

/** YAML takes JSON as it is. */
export function configFile(config: unknown, folder = newFolder()): string {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config, null, 2));
  return path;
}

/** What every test's configuration begins with: nothing of this machine is touched. */
export function plainConfig(backendUrl: string, folder: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  const { server, ...rest } = more;
  return { server: { port: 0, ...(server as object | undefined) }, ollama: { baseUrl: backendUrl }, gpu: { provider: 'none' }, store: { kind: 'sqlite', path: join(folder, 'router.db') }, ...rest };
}

export interface SpawnOptions {
  readonly cwd?: string;
  readonly home?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A program that runs it, with its arguments, such as `ip netns exec NAME`. */
  readonly within?: readonly string[];
}

/** The program with these arguments, in a home and a working folder of its own. */
export function spawnProgram(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  if (!existsSync(main)) throw new Error('There is no build; run "npm run build" first.');
  const home = options.home ?? newFolder();
  const [program = process.execPath, ...before] = [...(options.within ?? []), process.execPath];
  const child = spawn(program, [...before, main, ...args], {
    cwd: options.cwd ?? home,
    env: { PATH: process.env['PATH'] ?? '', HOME: home, XDG_DATA_HOME: join(home, 'data'), XDG_CONFIG_HOME: join(home, '.config'), XDG_CACHE_HOME: join(home, 'cache'), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  child.once('close', () => children.delete(child));
  return child;
}

/** Runs a command to its end. */
export function runProgram(args: readonly string[], options: SpawnOptions = {}): Promise<Finished> {
  return finished(spawnProgram(args, options));
}

function finished(child: ChildProcess): Promise<Finished> {
  const texts = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, ...texts }));
  });
}

export class RouterProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #output: Output;
  readonly #ended: Promise<Finished>;

  private constructor(url: string, child: ChildProcess, output: Output, ended: Promise<Finished>) {
    this.url = url;
    this.#child = child;
    this.#output = output;
    this.#ended = ended;
  }

  /** `serve` with a configuration file; resolves when it listens, rejects with its words when it ends before. */
  static serve(config: string, options: SpawnOptions & { readonly quiet?: boolean } = {}): Promise<RouterProcess> {
    return RouterProcess.start(['serve', '--config', config], /"url":"([^"]+)"/, options);
  }

  static async start(args: readonly string[], ready: RegExp, options: SpawnOptions & { readonly quiet?: boolean } = {}): Promise<RouterProcess> {
    const child = spawnProgram(args, options);
    const output = new Output(child, options.quiet ?? false);
    const ended = new Promise<Finished>((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal, stdout: output.stdout, stderr: output.stderr }));
    });
    const early = ended.then(({ code, signal, stdout, stderr }) => Promise.reject(new Error(`It ended with ${code ?? signal} before it was ready:\n${stdout}${stderr}`)));
    const [, url = ''] = await Promise.race([output.until(ready), early]);
    early.catch(() => {});
    return new RouterProcess(url, child, output, ended);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return this.#output.stdout;
  }

  get stderr(): string {
    return this.#output.stderr;
  }

  /** Every line of its output so far; throws when one is not a JSON object. */
  get lines(): LogLine[] {
    return this.stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as LogLine);
  }

  until(text: RegExp): Promise<RegExpExecArray> {
    return this.#output.until(text);
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });
  }

  async json(path: string): Promise<Record<string, unknown>> {
    return (await (await fetch(`${this.url}${path}`)).json()) as Record<string, unknown>;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  ended(): Promise<Finished> {
    return this.#ended;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    this.signal(signal);
    return this.ended();
  }

  /** Resident memory in MiB, where the system tells it. */
  memoryMb(): number | null {
    try {
      const pages = Number(readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ')[1]);
      return (pages * 4096) / 1024 ** 2;
    } catch {
      return null;
    }
  }
}

/** What a process has said; in quiet mode only its beginning is kept. */
class Output {
  stdout = '';
  stderr = '';
  readonly #waiters = new Set<() => void>();

  constructor(child: ChildProcess, quiet: boolean) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (!quiet || this.stdout.length < 65_536) this.stdout += text;
      for (const check of [...this.#waiters]) check();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
  }

  until(text: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve) => {
      const check = (): void => {
        const found = text.exec(this.stdout);
        if (found === null) return;
        this.#waiters.delete(check);
        resolve(found);
      };
      this.#waiters.add(check);
      check();
    });
  }
}

/** A port of this machine that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
