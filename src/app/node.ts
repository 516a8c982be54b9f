/** Runs the node agent for the command line: this machine's servers, the router it reports to, start and stop. */
import { randomBytes } from 'node:crypto';
import { hostname, homedir } from 'node:os';
import type { BackendKind, BackendSettings } from '../backends/backend.ts';
import { backends as backendKinds } from '../backends/index.gen.ts';
import { createProbeClient } from '../backends/probe-client.ts';
import type { NodeOptions } from '../commands/command.ts';
import { readNodeAliases } from '../config/alias-environment.ts';
import type { NodeAliases } from '../config/alias-names.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { Clock } from '../core/clock.ts';
import { NodeAgent } from '../node/agent.ts';
import { browseMdns } from '../node/browse-mdns.ts';
import { collectorTools } from '../node/collectors/run-program.ts';
import { RouterFinder, routerUrl } from '../node/find-router.ts';
import type { LocalServer, ServerSource, Terminal } from '../node/node.ts';
import { loadIdentity, rememberMembership } from '../node/node-identity.ts';
import { OllamaProcess } from '../node/ollama-process.ts';
import { restartOllama } from '../node/restart-order.ts';
import { createRouterLink } from '../node/router-link.ts';
import { RouterTrust } from '../node/router-trust.ts';
import { ServerDoors } from '../node/server-doors.ts';
import { isOwnHost } from '../util/address-ranges.ts';
import { ollamaHostUrl } from '../util/ollama-host.ts';
import { systemClock } from '../util/system-clock.ts';
import { createCapacityPart } from './capacity-part.ts';
import { defaultTimeouts, detectServers } from './detect.ts';
import { createMachine } from './machine.ts';
import { startNodeMedia } from './node-media.ts';
import { stateFolder } from './state-folder.ts';
import { nodeTerminal } from './node-terminal.ts';

export interface NodeWorld {
  readonly version: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
}

const probeMs = 5000;
const answerMs = 1500;
const detectMs = 700;
const drainMs = 60_000;
const leastHeartbeatMs = 500;
const mostHeartbeatMs = 60_000;
export const usualOllama = 'http://127.0.0.1:11434';

/** Resolves with the exit code when it was told to stop. Rejects with an Error whose message is for people. */
export async function runNode(options: NodeOptions, world: NodeWorld): Promise<number> {
  const { env } = world;
  const terminal = nodeTerminal(options.logLevel ?? env.FLEET_NODE_LOG_LEVEL, world);
  const folder = stateFolder(options.stateDir, env);
  const aliases = nodeAliases(env);
  const identity = await loadIdentity({ folder, hostName: hostname(), random: randomBytes }, options.nodeId || aliases.nodeId);
  const { fleet, media: limits } = await machineSettings(options, world);
  const url = options.routerUrl || aliases.routerUrl || null;
  if (url === null && !fleet.discovery.browse) throw new Error('fleet.discovery.browse is false, so no router is looked for. Name one with --router-url.');
  const ollamaUrl = ollamaHostUrl(options.ollamaHost || env.FLEET_NODE_OLLAMA_HOST || env.OLLAMA_HOST) ?? usualOllama;
  const clock = systemClock;
  const link = createRouterLink({ clock, insecure: options.insecure, untrusted: (at, why) => terminal.warn(`Nobody vouches for the certificate of ${at} (${why}). Run with --insecure to accept it all the same.`) });
  const ollama = options.startOllama ? ollamaProcess(options, ollamaUrl, world, clock, terminal, () => agent.refresh('ollama')) : null;
  const media = options.media || options.speech ? await startNodeMedia({ speech: options.speech, programs: options.media, limits, clock, env, terminal }) : null;
  let written = Promise.resolve();
  const trust = new RouterTrust({
    identity,
    joinToken: options.join || env.OAR_JOIN_TOKEN || null,
    link,
    newNonce: () => randomBytes(24).toString('base64url'),
    keep(membership) {
      written = written.then(() => rememberMembership(folder, membership)).catch(() => terminal.warn(`Where this machine belongs could not be written to ${folder}; after the next start it has to be let in again.`));
    },
    terminal,
  });
  const machine = createMachine(clock);
  const doors = new ServerDoors({ clock, relayPort: options.relayPort, terminal });
  const agent: NodeAgent = new NodeAgent({
    clock,
    identity,
    name: hostname(),
    version: world.version,
    machine,
    servers: [ollamaServer(ollamaUrl, ollama)],
    sources: [otherServers(ollamaUrl, env), ...(media === null ? [] : [media])],
    doors,
    capacity: createCapacityPart(clock, { folder, learn: options.learnCapacity || fleet.capacity.learn, facts: () => machine.facts(), relaying: () => doors.active, say: (line) => terminal.warn(line) }),
    ollama,
    link,
    finder: new RouterFinder({ clock, url: url === null ? null : routerUrl(url), link, browse: browseMdns, trust, terminal }),
    trust,
    heartbeatMs: aliases.heartbeatMs ?? fleet.heartbeatMs,
    drainMs,
    terminal,
    restartOllama: (order, signal) => restartOllama(order, { process: ollama, allowed: options.allowRestart, platform: collectorTools.host.platform, run: collectorTools.run, terminal }, signal),
  });
  try {
    return await untilStopped(agent);
  } finally {
    await media?.stop();
  }
}

/** A machine without a configuration has the defaults. */
async function machineSettings({ configPath }: NodeOptions, { cwd, env }: NodeWorld): Promise<Pick<Config, 'fleet' | 'media'>> {
  const { config } = await loadConfig({ cwd, env, home: homedir(), ...(configPath === undefined ? {} : { explicitPath: configPath }) });
  return config;
}

/** Timers of a clock keep no process alive, and there may be no socket while the agent waits. */
async function untilStopped(agent: NodeAgent): Promise<number> {
  const alive = setInterval(() => {}, 2 ** 30);
  let code = 0;
  try {
    const { stop, hurry } = signals();
    void hurry.then(() => (code = 130));
    await agent.run(stop, hurry);
    return code;
  } finally {
    clearInterval(alive);
  }
}

/** The first signal asks to drain, the second to end at once. */
function signals(): { readonly stop: Promise<void>; readonly hurry: Promise<void> } {
  const nth = (wanted: number): Promise<void> =>
    new Promise((resolve) => {
      let count = 0;
      const onSignal = (): void => {
        count += 1;
        if (count === wanted) resolve();
      };
      process.on('SIGINT', onSignal);
      process.on('SIGTERM', onSignal);
    });
  return { stop: nth(1), hurry: nth(2) };
}

/** Throws an Error for people when the environment says what cannot be meant. */
function nodeAliases(env: NodeWorld['env']): NodeAliases {
  const { aliases, problems } = readNodeAliases(env);
  const { heartbeatMs = leastHeartbeatMs } = aliases;
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'));
  if (heartbeatMs < leastHeartbeatMs || heartbeatMs > mostHeartbeatMs) throw new Error('FLEET_NODE_HEARTBEAT_INTERVAL is a number of seconds from 0.5 to 60.');
  return aliases;
}

function kindOf(name: string): BackendKind {
  const kind = backendKinds.find((one) => one.kind === name);
  if (kind === undefined) throw new Error(`There is no backend kind ${name}.`);
  return kind;
}

export function ollamaServer(url: string, started: OllamaProcess | null): LocalServer {
  const server = localServer({ id: 'ollama', kind: 'ollama', url, priority: 0, tags: [], models: [], timeouts: defaultTimeouts }, kindOf('ollama'));
  return { ...server, probe: (previous, signal) => probeOllama(server, kindOf('ollama'), url, previous, signal), maxConcurrent: () => started?.slots, relayOnly: () => started?.runs === true };
}

/** Programs on this machine may have been told to ask the router, by `OLLAMA_HOST`; what it has is not this machine's. */
async function probeOllama(server: LocalServer, kind: BackendKind, url: string, previous: Parameters<LocalServer['probe']>[0], signal: AbortSignal): ReturnType<LocalServer['probe']> {
  const report = await server.probe(previous, signal);
  const settings: BackendSettings = { id: 'ollama', kind: 'ollama', url, priority: 0, tags: [], models: [], timeouts: defaultTimeouts };
  if (previous === null && (await isRouter(createProbeClient(settings, kind, probeMs, signal)))) throw new Error('It is a router. Name the Ollama of this machine with --ollama-host.');
  return report;
}

function localServer(settings: BackendSettings, kind: BackendKind): LocalServer {
  return {
    name: settings.id,
    kind: kind.kind,
    url: settings.url,
    probe: (previous, signal) => kind.probe(createProbeClient(settings, kind, probeMs, signal), settings, previous),
    answersAt: (url, signal) => kind.detect(createProbeClient({ ...settings, url }, kind, answerMs, signal)),
  };
}

/** llama-server, LM Studio, vLLM and the like, where they usually listen on this machine. */
export function otherServers(ollamaUrl: string, env: NodeWorld['env']): ServerSource {
  const kinds = ['llama-server', 'openai'].map(kindOf);
  return {
    async find(signal) {
      const client = (settings: BackendSettings, kind: BackendKind) => createProbeClient(settings, kind, detectMs, signal);
      const found = await detectServers({ kinds, env, client }).catch(() => []);
      const others = found.filter(({ settings }) => settings.url !== ollamaUrl);
      const routers = await Promise.all(others.map(({ settings, kind }) => isRouter(client(settings, kind))));
      return others.filter((_, index) => !routers[index]).map(({ settings, kind }) => localServer(settings, kind));
    },
  };
}

/** A router lists models like any server; one that was told of itself would ask itself for ever. */
function isRouter(client: ReturnType<typeof createProbeClient>): Promise<boolean> {
  return client.get('/health/live').then(
    (health) => typeof health === 'object' && health !== null && (health as { service?: unknown }).service === 'ollama-agent-router',
    () => false,
  );
}

function ollamaProcess(options: NodeOptions, url: string, { env }: NodeWorld, clock: Clock, terminal: Terminal, changed: () => void): OllamaProcess | null {
  if (!isOwnHost(new URL(url).hostname.replace(/^\[|\]$/g, ''))) {
    terminal.warn(`${url} is not on this machine, so no Ollama is started for it.`);
    return null;
  }
  const told = options.ollamaHost || env.FLEET_NODE_OLLAMA_HOST;
  return new OllamaProcess({ clock, program: env.OLLAMA_BIN || 'ollama', env: told ? { ...env, OLLAMA_HOST: new URL(url).host } : env, terminal, changed });
}
