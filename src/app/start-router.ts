/** Makes every part of the router, and starts and stops them in order. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../core/clock.ts';
import { createExecutor } from '../backends/http-executor.ts';
import { createProbeClient } from '../backends/probe-client.ts';
import type { Config, LoadedConfig } from '../config/config.ts';
import { createFleet, type FleetBackend, type RunningFleet } from '../fleet/create-fleet.ts';
import { type RunningServer, startServer } from '../http/server.ts';
import { collectors } from '../node/collectors/index.gen.ts';
import { collectorTools } from '../node/collectors/run-program.ts';
import type { ServingBackend } from '../pipeline/pipeline.ts';
import { drivers } from '../store/index.gen.ts';
import type { Store } from '../store/store.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createRecorder } from '../telemetry/recorder.ts';
import type { Log, RequestLog } from '../telemetry/telemetry.ts';
import { gaugesNow, routesOf } from './addresses.ts';
import type { PlannedBackend } from './backend-plan.ts';
import { gpuSettings } from './gpu-settings.ts';
import { Lifecycle, type Part } from './lifecycle.ts';
import { statusFacts } from './policy.ts';
import { createService, newRequestId, requireDialect, type Service } from './service.ts';

export interface RouterOptions {
  readonly loaded: Pick<LoadedConfig, 'config' | 'fromFile'>;
  readonly backends: readonly PlannedBackend[];
  readonly clock: Clock;
  readonly log: RequestLog;
  readonly version: string;
  /** How often backends are asked what they have; 5,000 when absent. */
  readonly probeIntervalMs?: number;
}

export interface RunningRouter {
  readonly url: string;
  readonly port: number;
  readonly fleet: RunningFleet;
  readonly service: Service;
  /** Adds a backend that came up later. */
  addBackend(planned: PlannedBackend): void;
  stop(): Promise<void>;
}

/** How long running answers and jobs may take to end when the router stops. */
const drainMs = 20_000;

/** Resolves when requests are taken. Rejects with an Error whose message is for people. */
export async function startRouter(options: RouterOptions): Promise<RunningRouter> {
  const { clock, log, version } = options;
  const { config } = options.loaded;
  const serving = new ServingBackends(clock);
  const fleet = createFleet({
    clock,
    nodeId: config.server.nodeId,
    backends: options.backends.map((planned) => serving.add(planned)),
    gpu: gpuSettings(config, collectors, collectorTools),
    log,
    ...(options.probeIntervalMs === undefined ? {} : { probeIntervalMs: options.probeIntervalMs }),
  });
  const state = { accepting: false, stopping: false };
  const store = await openStore(config, log);
  const metrics = createMetrics(() => gaugesNow({ clock, fleet, service }));
  const service = createService({ ...options, fleet, backend: (id) => serving.get(id), store, recorder: createRecorder(log, metrics), stopping: () => state.stopping });
  const routes = routesOf({ clock, fleet, service, metrics, facts: statusFacts(config, version, ollamaUrl(options)), aliases: config.aliases, startedAt: clock.now(), accepting: () => state.accepting });
  const door = new Door(() => startServer(serverOptions(config, clock, log, routes)));
  const lifecycle = new Lifecycle(
    [
      { name: 'store', start: () => {}, stop: () => store.close() },
      { name: 'backends', start: () => {}, stop: () => serving.close() },
      { name: 'fleet', start: () => fleet.start(), stop: () => fleet.stop() },
      { name: 'service', start: () => {}, stop: () => service.detach() },
      { name: 'jobs', start: async () => void (await service.jobs.recover()), stop: () => service.jobs.stop(drainMs) },
      door,
      { name: 'accepting', start: () => void Object.assign(state, { accepting: true }), stop: () => void Object.assign(state, { accepting: false, stopping: true }) },
    ],
    log,
  );
  await lifecycle.start();
  return { url: urlOf(config, door.port), port: door.port, fleet, service, addBackend: (planned) => fleet.addBackend(serving.add(planned)), stop: () => lifecycle.stop() };
}

/** The servers that can be sent work, each with its connections. */
class ServingBackends {
  readonly #clock: Clock;
  readonly #byId = new Map<string, ServingBackend>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(id: string): ServingBackend | undefined {
    return this.#byId.get(id);
  }

  add(planned: PlannedBackend): FleetBackend {
    const { settings, kind } = planned;
    this.#byId.set(settings.id, { settings, kind, executor: createExecutor(settings, kind, this.#clock) });
    return { settings, kind, probeClient: (signal, timeoutMs) => createProbeClient(settings, kind, timeoutMs, signal, this.#clock) };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byId.values()].map((backend) => backend.executor.close()));
  }
}

/** The listening server as a part of the lifecycle. */
class Door implements Part {
  readonly name = 'http';
  readonly #open: () => Promise<RunningServer>;
  #server: RunningServer | null = null;

  constructor(open: () => Promise<RunningServer>) {
    this.#open = open;
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  async start(): Promise<void> {
    this.#server = await this.#open();
  }

  async stop(): Promise<void> {
    await this.#server?.stop(drainMs);
  }
}

async function openStore(config: Config, log: Log): Promise<Store> {
  const kind = config.jobs.store ?? config.store.kind;
  const driver = drivers.find((one) => one.kind === kind);
  if (!driver) throw new Error(`There is no store ${kind}; there are ${drivers.map((one) => one.kind).join(', ')}.`);
  if (kind === 'memory') log.warn({ store: kind }, 'jobs are kept in memory: a restart loses them');
  return driver.open({ path: config.jobs.path ?? config.store.path });
}

function serverOptions(config: Config, clock: Clock, log: Log, routes: ReturnType<typeof routesOf>): Parameters<typeof startServer>[0] {
  const { server } = config;
  const openAi = requireDialect('openai-chat');
  const ollama = requireDialect('ollama-chat');
  return {
    host: server.host,
    port: server.port,
    basePath: server.basePath,
    bodyLimitBytes: server.requestBodyLimit,
    tls: tlsOf(config),
    routes,
    shapes: { openAi: (error, id) => openAi.encodeError(error, id), ollama: (error, id) => ollama.encodeError(error, id) },
    clock,
    newRequestId,
    log,
  };
}

function tlsOf({ server: { https } }: Config): Parameters<typeof startServer>[0]['tls'] {
  if (!https.enabled || https.certPath === undefined || https.keyPath === undefined) return null;
  return { cert: readFileSync(https.certPath), key: readFileSync(https.keyPath), ...(https.caPath === undefined ? {} : { ca: readFileSync(https.caPath) }) };
}

function ollamaUrl({ backends, loaded }: RouterOptions): string {
  return backends.find((backend) => backend.kind.kind === 'ollama')?.settings.url ?? loaded.config.ollama.baseUrl;
}

/** The address to type into a client: loopback when the router listens everywhere. */
function urlOf({ server }: Config, port: number): string {
  const everywhere = server.host === '0.0.0.0' || server.host === '::';
  const host = everywhere ? '127.0.0.1' : server.host.includes(':') ? `[${server.host}]` : server.host;
  return `${server.https.enabled ? 'https' : 'http'}://${host}:${port}${server.basePath === '/' ? '' : server.basePath}`;
}
