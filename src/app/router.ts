/** Runs the router for the command line: reads the configuration, finds servers, serves until it is told to stop. */
import { homedir } from 'node:os';
import { backends as backendKinds } from '../backends/index.gen.ts';
import type { BackendKind } from '../backends/backend.ts';
import { createProbeClient } from '../backends/probe-client.ts';
import type { LoadedConfig } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { RouterLog } from '../telemetry/log.ts';
import { systemClock } from '../util/system-clock.ts';
import { asConfigured, planBackends, type BackendPlan, type PlannedBackend } from './backend-plan.ts';
import { banner } from './banner.ts';
import { detectServers } from './detect.ts';
import { EmbeddedEngines } from './embedded-engines.ts';
import { findKeyFile } from './key-file.ts';
import { watchForServers } from './later-servers.ts';
import { createCapacityPart } from './capacity-part.ts';
import { createMachine } from './machine.ts';
import { watchOwnMachine } from './own-machine.ts';
import { openLog } from './open-log.ts';
import { startRouter } from './start-router.ts';
import type { RunOptions } from './run-options.ts';
import { stateFolder } from './state-folder.ts';

const detectMs = 700;

/** Resolves with the exit code: 0 after a stop that was asked for. Rejects with an Error whose message is for people. */
export async function runRouter(given: RunOptions): Promise<number> {
  const options = given.lan === true ? await openToNetwork(given) : given;
  const loaded = await loadConfig({
    cwd: options.cwd,
    home: homedir(),
    env: options.env,
    ...(options.configPath === undefined ? {} : { explicitPath: options.configPath }),
    overrides: { ...(options.host === undefined ? {} : { 'server.host': options.host }), ...(options.port === undefined ? {} : { 'server.port': options.port }) },
  });
  for (const warning of loaded.warnings) options.err(`Warning: ${warning}`);
  const log = openLog(loaded.config, options, options.friendly);
  try {
    return await runUntilStopped(options, loaded, log);
  } finally {
    log.close();
  }
}

/** `--lan`: listens everywhere, and makes a key where there is none yet. */
async function openToNetwork(options: RunOptions): Promise<RunOptions> {
  const { cwd, env, configPath } = options;
  const found = await findKeyFile({ cwd, env, ...(configPath === undefined ? {} : { explicitPath: configPath }) });
  const enabled = (await found.policy())?.apiKeys.some((key) => key.enabled) ?? false;
  if (!enabled) {
    const admin = await found.open(true);
    const made = await admin?.addKey({ id: 'lan', name: 'made by --lan', scopes: ['standalone', 'read'] }, null);
    if (made?.secret !== undefined) options.err(`Made the key ${made.key.id} in ${found.path}. Clients on other machines send it as their API key; it is shown this once:\n\n  ${made.secret}\n`);
  }
  return { ...options, host: options.host ?? '0.0.0.0' };
}

async function runUntilStopped(options: RunOptions, loaded: LoadedConfig, log: RouterLog): Promise<number> {
  const kinds = new Map(backendKinds.map((kind) => [kind.kind, kind]));
  if (options.friendly) options.out(loaded.path === null ? 'Looking for inference servers on this machine …' : `Configuration: ${loaded.path}`);
  const look = (): Promise<readonly PlannedBackend[]> => detect(kinds, options.env);
  const plan = await planBackends({ loaded, kinds, detect: look });
  const engines = new EmbeddedEngines(kinds, options, log);
  try {
    const backends = await withEngines(plan, engines, options, log);
    const { gpu, server, fleet } = loaded.config;
    const machine = createMachine(systemClock, { nvidiaSmiPath: gpu.monitor.nvidiaSmiPath });
    const { learn } = fleet.capacity;
    const capacity = createCapacityPart(systemClock, { folder: stateFolder(undefined, options.env), learn, looks: learn, facts: () => machine.facts(), relaying: () => 0, say: (line) => log.warn({}, line) });
    const router = await startRouter({ loaded, backends, clock: systemClock, log, version: options.version, ownCapacity: (order) => capacity.override(order) });
    const later = plan.nothingFound ? watchForServers(systemClock, look, (found) => router.addBackend(asConfigured(found, loaded.config)), log) : null;
    const leaveMachine = watchOwnMachine({ clock: systemClock, log, machine, capacity, fleet: router.fleet, nodeId: server.nodeId, version: options.version, everyMs: fleet.heartbeatMs });
    try {
      announce(options, loaded, log, router, options.version);
      if (options.lan === true) await tellJoinToken(options, router);
      await log.flush();
      await untilSignal(() => router.reload());
    } finally {
      later?.stop();
      leaveMachine();
      if (options.friendly) options.out('Stopping …');
      await router.stop();
    }
  } finally {
    await engines.stop();
  }
  return 0;
}

/** The first time that others may join, the word that lets them in is made, and told once. */
async function tellJoinToken(options: RunOptions, { nodes }: Awaited<ReturnType<typeof startRouter>>): Promise<void> {
  const token = await nodes.firstJoinToken();
  if (token !== null) options.err(`Other machines join the fleet with this line; the token is shown this once, and \`oar nodes token\` makes another:\n\n  oar node --join ${token}\n`);
}

function announce(options: RunOptions, loaded: LoadedConfig, log: RouterLog, router: Awaited<ReturnType<typeof startRouter>>, version: string): void {
  if (options.friendly) {
    options.out(banner(router.url, router.fleet.view(), version, loaded.config.dashboard.enabled ? '/dashboard' : '/v1/router/status'));
    return;
  }
  const { server } = loaded.config;
  log.info({ url: router.url, host: server.host, port: router.port, basePath: server.basePath, protocol: server.https.enabled ? 'https' : 'http' }, 'ollama-agent-router listening');
  log.info({ configPath: loaded.path }, loaded.path === null ? 'no configuration file, defaults hold' : 'loaded config');
}

function detect(kinds: ReadonlyMap<string, BackendKind>, env: RunOptions['env']): Promise<readonly PlannedBackend[]> {
  const inOrder = ['ollama', 'llama-server', 'openai'].flatMap((name) => kinds.get(name) ?? []);
  return detectServers({ kinds: inOrder, env, client: (settings, kind) => createProbeClient(settings, kind, detectMs, new AbortController().signal) });
}

/** The backends of the plan, with running engines in place of those that the router has to start. */
async function withEngines(plan: BackendPlan, engines: EmbeddedEngines, options: RunOptions, log: RouterLog): Promise<readonly PlannedBackend[]> {
  if (plan.nothingFound) {
    if (!options.friendly) {
      log.warn({}, 'no inference server answers on this machine; start one, or run `oar up` to use the embedded engine');
      return plan.backends;
    }
    options.out('No inference server found (Ollama, llama-server, LM Studio, vLLM). Starting the embedded engine with a small model.');
    return [...plan.backends, ...(await engines.startForPerson())];
  }
  return Promise.all(plan.backends.map((backend) => (plan.embedded.includes(backend.settings.id) ? engines.start(backend.settings) : backend)));
}

/** SIGHUP reads again what may have changed. A second signal ends the process at once: somebody is in a hurry. */
function untilSignal(reload: () => void): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGHUP', reload);
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
