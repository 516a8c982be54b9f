/** Looks at this machine as one that is to join a fleet: asks everything at once, changes nothing that stays. */
import { hostname, homedir } from 'node:os';
import type { Examined, ExamineOptions } from '../commands/command.ts';
import type { Config, LoadedConfig } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { configSchema } from '../config/schema.ts';
import { ollamaHostUrl } from '../util/ollama-host.ts';
import { systemClock } from '../util/system-clock.ts';
import type { DoctorFacts } from './doctor-facts.ts';
import { cardsWithoutDriver, hearRouters, isInstalled, portOwner, whyNoSqlite, whyNotWritable } from './doctor-looks.ts';
import { askRouter } from './doctor-router.ts';
import { verdictsOn } from './doctor-verdicts.ts';
import { createMachine } from './machine.ts';
import { ollamaServer, otherServers, usualOllama } from './node.ts';
import { stateFolder } from './state-folder.ts';

export interface DoctorWorld {
  readonly version: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** As the command line has it when nobody names a router. */
const usualUrl = 'http://127.0.0.1:11435';
const giveUpMs = 4000;

/** Never rejects. */
export async function examineMachine(options: ExamineOptions, world: DoctorWorld): Promise<readonly Examined[]> {
  return verdictsOn(await lookAround(options, world));
}

async function lookAround(options: ExamineOptions, { version, cwd, env }: DoctorWorld): Promise<DoctorFacts> {
  const read = await loadConfig({ cwd, env, home: homedir(), ...(options.config === undefined ? {} : { explicitPath: options.config }) }).catch((thrown: unknown) => messageOf(thrown));
  const config: Config = typeof read === 'string' ? configSchema.parse({}) : read.config;
  const folder = stateFolder(undefined, env);
  const signal = AbortSignal.timeout(giveUpMs);
  const url = ollamaHostUrl(options.ollamaHost || env.FLEET_NODE_OLLAMA_HOST || env.OLLAMA_HOST) ?? usualOllama;
  const [folderProblem, sqlite, machine, ollama, installed, others, port, network] = await Promise.all([
    whyNotWritable(folder),
    sqliteOf(read, config),
    machineOf(version, config),
    ollamaServer(url, null).probe(null, signal).catch(() => null),
    isInstalled(env.OLLAMA_BIN || 'ollama'),
    otherServers(url, env).find(signal),
    config.server.port === 0 ? null : portOwner(config.server.port),
    // Whether the network may be asked is not known while the configuration cannot be read.
    networkOf(options, env, typeof read !== 'string' && config.fleet.discovery.browse, signal),
  ]);
  return {
    at: systemClock.now(),
    version,
    config: typeof read === 'string' ? { error: read } : { path: read.path, warnings: read.warnings },
    folder: { path: folder, problem: folderProblem },
    sqlite,
    ...machine,
    ollama: { url, installed, report: ollama },
    others: others.map(({ name, url: at }) => ({ name, url: at })),
    port,
    ...network,
    env,
  };
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The file of the router, when there is one already, must be a database; any other is not made. */
async function sqliteOf(read: LoadedConfig | string, { store }: Config): Promise<DoctorFacts['sqlite']> {
  const path = typeof read === 'string' || store.kind !== 'sqlite' ? null : store.path;
  const problem = await whyNoSqlite(path);
  return { path: problem?.ofFile === false ? null : path, problem: problem?.why ?? null };
}

async function machineOf(version: string, { gpu }: Config): Promise<Pick<DoctorFacts, 'report' | 'undriven'>> {
  const machine = createMachine(systemClock, { nvidiaSmiPath: gpu.monitor.nvidiaSmiPath });
  try {
    await machine.start();
    const report = machine.report({ nodeId: hostname(), agentVersion: version, servers: [] });
    return { report, undriven: await cardsWithoutDriver(report.gpus) };
  } finally {
    machine.stop();
  }
}

/** The router that was named, else the first that was heard and answers. */
async function networkOf(options: ExamineOptions, env: DoctorWorld['env'], browse: boolean, signal: AbortSignal): Promise<Pick<DoctorFacts, 'router' | 'mdns'>> {
  const named = options.routerUrl || env.FLEET_NODE_ROUTER_URL || (options.url === usualUrl ? undefined : options.url);
  const mdns = browse ? await hearRouters() : null;
  if (named !== undefined) return { mdns, router: await askRouter(named, options, signal) };
  let router: DoctorFacts['router'] = null;
  for (const url of mdns?.heard.flatMap(({ urls }) => urls) ?? []) {
    router = await askRouter(url, options, signal);
    if (router.problem === null) break;
  }
  return { mdns, router };
}
