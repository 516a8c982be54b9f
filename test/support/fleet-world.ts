/** A whole fleet of real processes: one router, and machines with an agent and a pretended Ollama each, any of which can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type { Namespace } from './namespaces.ts';
import { freePort, main, newFolder, RouterProcess } from './router-process.ts';

export interface MachinePlan {
  readonly name: string;
  readonly memoryGb: number;
  readonly parallel?: number;
  readonly models: readonly { readonly name: string; readonly sizeGb: number; readonly loadMs: number; readonly tokensPerSecond: number; readonly contextLength?: number }[];
  /** Where it runs; absent: here. */
  readonly namespace?: Namespace;
}

const gigabyte = 1024 ** 3;
const machineScript = fileURLToPath(new URL('../fakes/machine-ollama.mjs', import.meta.url));
const children = new Set<ChildProcess>();

function start(command: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.once('close', () => children.delete(child));
  child.stderr?.resume();
  return child;
}

function ended(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('close', () => resolve()));
}

async function killed(child: ChildProcess | null): Promise<void> {
  child?.kill('SIGKILL');
  await ended(child);
}

afterAll(async () => {
  await Promise.all([...children].map(killed));
});

/** An Ollama and an agent; the port and the identity stay over restarts. */
export class Machine {
  readonly plan: MachinePlan;
  readonly #home = newFolder();
  readonly #router: () => string | null;
  readonly #joinToken: () => string;
  #ollama: ChildProcess | null = null;
  #agent: ChildProcess | null = null;
  #port = 0;
  output = '';

  /** `routerUrl` null: found by mDNS. */
  constructor(plan: MachinePlan, routerUrl: () => string | null, joinToken: () => string) {
    this.plan = plan;
    this.#router = routerUrl;
    this.#joinToken = joinToken;
  }

  get ollamaAlive(): boolean {
    return this.#ollama !== null;
  }

  get agentAlive(): boolean {
    return this.#agent !== null;
  }

  async startOllama(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    const models = this.plan.models.map(({ sizeGb, ...model }) => ({ ...model, sizeBytes: sizeGb * gigabyte }));
    const machine = { port: this.#port, memoryBytes: this.plan.memoryGb * gigabyte, parallel: this.plan.parallel ?? 4, models };
    const child = start([...(this.plan.namespace?.command ?? []), process.execPath, machineScript, JSON.stringify(machine)]);
    await new Promise<void>((resolve, reject) => {
      child.stdout?.once('data', () => resolve());
      child.once('exit', (code) => reject(new Error(`The Ollama of ${this.plan.name} ended with ${code}.`)));
    });
    this.#ollama = child;
  }

  startAgent(): void {
    const url = this.#router();
    const args = ['node', '--join', this.#joinToken(), '--node-id', this.plan.name, '--ollama-host', `http://127.0.0.1:${this.#port}`, ...(url === null ? [] : ['--router-url', url])];
    const env = { HOME: this.#home, XDG_DATA_HOME: `${this.#home}/data`, XDG_CONFIG_HOME: `${this.#home}/.config`, XDG_CACHE_HOME: `${this.#home}/cache`, XDG_STATE_HOME: `${this.#home}/state` };
    this.#agent = start([...(this.plan.namespace?.command ?? []), process.execPath, main, ...args], env);
    const heard = (text: Buffer): void => {
      this.output = (this.output + text.toString()).slice(-20_000);
    };
    this.#agent.stdout?.on('data', heard);
    this.#agent.stderr?.on('data', heard);
  }

  async killOllama(): Promise<void> {
    const child = this.#ollama;
    this.#ollama = null;
    await killed(child);
  }

  async killAgent(): Promise<void> {
    const child = this.#agent;
    this.#agent = null;
    await killed(child);
  }

  /** Asks the agent to leave in order. Resolves with its exit code. */
  async stopAgent(): Promise<number | null> {
    const child = this.#agent;
    this.#agent = null;
    child?.kill('SIGTERM');
    await ended(child);
    return child?.exitCode ?? null;
  }

  /** What the pretended Ollama counted; null while it is dead or out of reach. */
  async counts(): Promise<Record<'requests' | 'loads' | 'aborts' | 'running' | 'peak', number> | null> {
    const command = [...(this.plan.namespace?.command ?? []), process.execPath, '-e', `fetch('http://127.0.0.1:${this.#port}/counts').then((r) => r.text()).then(console.log, () => console.log('null'))`];
    const child = start(command);
    let text = '';
    child.stdout?.on('data', (part: Buffer) => (text += part.toString()));
    await ended(child);
    return JSON.parse(text) as Record<'requests' | 'loads' | 'aborts' | 'running' | 'peak', number> | null;
  }
}

/** The router on its network, as `oar serve --lan` makes it. */
export class LanRouter {
  readonly #home = newFolder();
  #process: RouterProcess | null = null;
  port = 0;
  clientKey = '';
  joinToken = '';

  get alive(): boolean {
    return this.#process !== null;
  }

  get process(): RouterProcess {
    if (this.#process === null) throw new Error('The router is dead.');
    return this.#process;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(more: readonly string[] = [], quiet = false): Promise<void> {
    if (this.port === 0) this.port = await freePort();
    const router = await RouterProcess.start(['serve', '--lan', '--port', String(this.port), ...more], /"url":"([^"]+)"/, { home: this.#home, quiet });
    const said = `${router.stderr}${router.stdout}`;
    this.clientKey ||= /\n {2}(oar_[\w-]+)\n/.exec(said)?.[1] ?? '';
    this.joinToken ||= /oar node --join (\S+)/.exec(said)?.[1] ?? '';
    this.#process = router;
  }

  async kill(): Promise<void> {
    const router = this.#process;
    this.#process = null;
    await router?.stop('SIGKILL');
  }

  async stop(): Promise<number | null> {
    const router = this.#process;
    this.#process = null;
    return (await router?.stop())?.code ?? null;
  }

  headers(): Record<string, string> {
    return { authorization: `Bearer ${this.clientKey}`, 'content-type': 'application/json' };
  }

  async json(path: string): Promise<Record<string, unknown>> {
    return (await (await fetch(`${this.url}${path}`, { headers: this.headers() })).json()) as Record<string, unknown>;
  }
}
