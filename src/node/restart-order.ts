/** Carries out the router's order to restart Ollama, as far as the owner of the machine allows it. */
import type { NodeCommand } from '../core/node.ts';
import type { CollectorTools } from './collectors/collector.ts';
import type { Terminal } from './node.ts';
import type { OllamaProcess } from './ollama-process.ts';

export interface RestartParts {
  readonly process: OllamaProcess | null;
  /** May one be restarted that the agent did not start? */
  readonly allowed: boolean;
  readonly platform: string;
  readonly run: CollectorTools['run'];
  readonly terminal: Terminal;
}

type RestartOrder = Extract<NodeCommand, { readonly type: 'restart_ollama' }>;

const serviceMs = 60_000;

/** What may be set from elsewhere: how Ollama uses the machine, and never where it listens, whom it trusts or what it runs. */
const tunable = new Set([
  'OLLAMA_CONTEXT_LENGTH', 'OLLAMA_NUM_CTX', 'OLLAMA_NUM_PARALLEL', 'OLLAMA_MAX_LOADED_MODELS', 'OLLAMA_MAX_QUEUE', 'OLLAMA_KEEP_ALIVE',
  'OLLAMA_LOAD_TIMEOUT', 'OLLAMA_FLASH_ATTENTION', 'OLLAMA_KV_CACHE_TYPE', 'OLLAMA_GPU_OVERHEAD', 'OLLAMA_SCHED_SPREAD', 'OLLAMA_DEBUG',
]);

/** The settings of an order that are taken; values of one line alone. */
export function allowedSettings(env: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).filter(([name, value]) => tunable.has(name) && /^[\x20-\x7e]{0,200}$/.test(value)));
}

/** Never rejects: what cannot be done is said. */
export async function restartOllama(order: RestartOrder, { process, allowed, platform, run, terminal }: RestartParts, signal: AbortSignal): Promise<void> {
  const env = allowedSettings(order.env);
  if (process?.runs === true) {
    terminal.info(`The router asks to restart Ollama (${order.reason})${settingsText(env)}.`);
    await process.restart(env);
    return;
  }
  if (!allowed) {
    terminal.warn(`The router asks to restart Ollama (${order.reason}). This node did not start it; run with --allow-restart, or with --start-ollama, to allow that.`);
    return;
  }
  const [program = '', ...args] = platform === 'darwin' ? ['brew', 'services', 'restart', 'ollama'] : ['systemctl', 'restart', 'ollama'];
  const done = await run(program, args, serviceMs, signal).then(() => true, () => false);
  if (done) terminal.info(`Restarted the Ollama service, as the router asks (${order.reason}).`);
  else terminal.warn(`The router asks to restart Ollama (${order.reason}), and "${[program, ...args].join(' ')}" failed.`);
}

function settingsText(env: Readonly<Record<string, string>>): string {
  const names = Object.keys(env);
  return names.length === 0 ? '' : ` with ${names.join(', ')} set`;
}
