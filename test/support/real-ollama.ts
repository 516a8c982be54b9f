/** Real Ollamas of a test's own, with a small real model; OAR_TEST_OLLAMA_BIN and OAR_TEST_GGUF say where both are. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import { configFile, freePort, newFolder, RouterProcess } from './router-process.ts';

const binary = process.env['OAR_TEST_OLLAMA_BIN'];
const weights = process.env['OAR_TEST_GGUF'];

/** What this machine lacks for tests against a real Ollama, in words; empty when it has all of it. */
export const absent = [binary ? '' : 'OAR_TEST_OLLAMA_BIN (an Ollama)', weights ? '' : 'OAR_TEST_GGUF (weights)'].filter(Boolean).join(' and ');

export type Json = Record<string, unknown>;

/** One Ollama with its own folders, in a process group of its own, since it starts processes for its models. */
export class RealOllama {
  readonly url: string;
  readonly #folder: string;
  #child: ChildProcess | null = null;

  constructor(port: number, folder: string) {
    this.url = `http://127.0.0.1:${port}`;
    this.#folder = folder;
  }

  get #env(): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'], HOME: this.#folder, OLLAMA_HOST: this.url.slice('http://'.length), OLLAMA_MODELS: join(this.#folder, 'models'), OLLAMA_CONTEXT_LENGTH: '2048', OLLAMA_NUM_PARALLEL: '1', OLLAMA_MAX_LOADED_MODELS: '2' };
  }

  async start(): Promise<void> {
    this.#child = spawn(String(binary), ['serve'], { env: this.#env, stdio: 'ignore', detached: true });
    await vi.waitFor(() => fetch(`${this.url}/api/version`), { interval: 50, timeout: 30_000 });
  }

  create(name: string): void {
    const file = join(this.#folder, 'Modelfile');
    // Threads that wait for each other take seconds a word where the processors are busy.
    writeFileSync(file, `FROM ${weights}\nPARAMETER num_thread 1\n`);
    const run = spawnSync(String(binary), ['create', name, '-f', file], { env: this.#env, encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`ollama create ${name}: ${run.stderr}`);
  }

  post(path: string, body: Json): Promise<Response> {
    return fetch(`${this.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  }

  async json(path: string): Promise<Json> {
    return (await (await fetch(`${this.url}${path}`)).json()) as Json;
  }

  /** What it has stored (`/api/tags`) or holds in memory (`/api/ps`), in order of names. */
  async names(path: '/api/tags' | '/api/ps'): Promise<readonly string[]> {
    return ((await this.json(path)).models as { name: string }[]).map(({ name }) => name).sort();
  }

  /** Puts everything out of memory. */
  async unload(): Promise<void> {
    for (const model of await this.names('/api/ps')) await (await this.post('/api/generate', { model, keep_alive: 0 })).text();
    await vi.waitUntil(async () => (await this.names('/api/ps')).length === 0, { interval: 50, timeout: 15_000 });
  }

  /** Process ids of what runs its models: a model that is loaded anew gets another one. Linux only. */
  runners(): readonly string[] {
    const group = String(this.#child?.pid);
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== group && groupOf(name) === group);
  }

  /** Processor time of all its processes so far, in clock ticks (10 ms); Linux only. */
  processorTicks(): number {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).reduce((sum, name) => sum + this.#ticksOf(name), 0);
  }

  /** proc(5): behind the name in brackets, field 5 is the process group, 14 and 15 are the user and system time. */
  #ticksOf(processId: string): number {
    try {
      const fields = readFileSync(join('/proc', processId, 'stat'), 'utf8').replace(/^.*\) /s, '').split(' ');
      return Number(fields[2]) === this.#child?.pid ? Number(fields[11]) + Number(fields[12]) : 0;
    } catch {
      return 0;
    }
  }

  /** With all the processes it has started. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child?.pid) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-child.pid, 'SIGKILL');
    await gone;
  }
}

/** `both:135m` on both servers, `mine:latest` on the first alone, `yours:latest` on the second alone; all with the same weights. */
export interface RealPair {
  readonly first: RealOllama;
  readonly second: RealOllama;
  readonly router: RouterProcess;
  /** By the ids of the backends. */
  readonly servers: Readonly<Record<string, RealOllama>>;
  stop(): Promise<void>;
}

/** Two Ollamas behind one router; `each` is what else the file says of them, `more` are further entries of `backends`. */
export async function startPair({ each = {}, more = [], env = {} }: { readonly each?: Json; readonly more?: readonly Json[]; readonly env?: Readonly<Record<string, string>> } = {}): Promise<RealPair> {
  const servers = { first: new RealOllama(await freePort(), newFolder()), second: new RealOllama(await freePort(), newFolder()) };
  const stopServers = () => Promise.all(Object.values(servers).map((server) => server.kill()));
  try {
    await Promise.all(Object.values(servers).map((server) => server.start()));
    for (const [server, own] of [[servers.first, 'mine'], [servers.second, 'yours']] as const) {
      server.create('both:135m');
      server.create(own);
    }
    const folder = newFolder();
    const backends = [...Object.entries(servers).map(([id, { url }]) => ({ id, kind: 'ollama', url, ...each })), ...more];
    const config = { server: { port: 0 }, backends, gpu: { provider: 'none' }, store: { kind: 'sqlite', path: join(folder, 'router.db') } };
    const router = await RouterProcess.serve(configFile(config, folder), { env });
    const stop = async (): Promise<void> => {
      await router.stop();
      await stopServers();
    };
    return { ...servers, servers, router, stop };
  } catch (error) {
    await stopServers();
    throw error;
  }
}

/** proc(5): field 5, counted behind the name in brackets; empty when the process is gone. */
function groupOf(processId: string): string {
  try {
    return readFileSync(join('/proc', processId, 'stat'), 'utf8').replace(/^.*\) /s, '').split(' ')[2] ?? '';
  } catch {
    return '';
  }
}
