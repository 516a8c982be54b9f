/** Makes every part of the router, and starts and stops them in order. */
import type { Access } from '../access/access.ts';
import type { Clock } from '../core/clock.ts';
import type { Config, LoadedConfig } from '../config/config.ts';
import { createFleet, type RunningFleet } from '../fleet/create-fleet.ts';
import type { RunningNodeDesk } from '../fleet/node-desk.ts';
import { heartbeatRoutes } from '../http/heartbeat.ts';
import { heartbeatProofRoutes } from '../http/heartbeat-proof.ts';
import { adminJobRoutes } from '../http/jobs.ts';
import { pageFolder } from './page-folder.ts';
import { OpenStreams } from '../http/event-stream.ts';
import type { Route } from '../http/http.ts';
import { nodeRoutes } from '../http/nodes.ts';
import { createModelOperations } from '../fleet/model-operations.ts';
import { type RunningServer, startServer } from '../http/server.ts';
import { collectors } from '../node/collectors/index.gen.ts';
import { collectorTools } from '../node/collectors/run-program.ts';
import { createPreparation } from '../pipeline/preparation.ts';
import type { FetchPicture } from '../pipeline/prepare-pictures.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createRecorder } from '../telemetry/recorder.ts';
import type { Log, RequestLog } from '../telemetry/telemetry.ts';
import { UsageLedger } from '../telemetry/usage-ledger.ts';
import { createAdminPlane } from './admin-plane.ts';
import { createBenchmarking } from './benchmarking.ts';
import { gaugesNow, routesOf } from './addresses.ts';
import type { PlannedBackend } from './backend-plan.ts';
import { createFetchPicture } from './fetch-picture.ts';
import { createFleetPolicies } from './fleet-policies.ts';
import { HealthWatch } from './health-watch.ts';
import { gpuSettings } from './gpu-settings.ts';
import { Lifecycle, type Part } from './lifecycle.ts';
import { announcing, createNodes, type NodesSources, ownAddresses } from './nodes.ts';
import { openAccess } from './open-access.ts';
import { whyNotServe } from './refusals.ts';
import { openStore } from './open-store.ts';
import { createOtlp } from './otlp.ts';
import { statusFacts } from './policy.ts';
import { RecalledLatencies } from './recall-latencies.ts';
import { createConversations } from '../pipeline/conversations.ts';
import { createService, newRequestId, requireDialect, type Service } from './service.ts';
import { ServingBackends } from './serving-backends.ts';
import { StoreTidying } from './tidy-store.ts';
import { createTracing } from './tracing.ts';
import { watchingRoutes } from './watching.ts';

export interface RouterOptions {
  readonly loaded: Pick<LoadedConfig, 'config' | 'fromFile'> & Partial<Pick<LoadedConfig, 'whereFrom'>>;
  readonly backends: readonly PlannedBackend[];
  readonly clock: Clock;
  readonly log: RequestLog;
  readonly version: string;
  /** How often backends are asked what they have; 5,000 when absent. */
  readonly probeIntervalMs?: number;
  /** How pictures that requests name by address are fetched; as `media` says when absent. */
  readonly fetchPicture?: FetchPicture;
  /** Tells whoever watches this machine how much of it may be used. */
  readonly ownCapacity?: NodesSources['ownCapacity'];
}

export interface RunningRouter {
  readonly url: string;
  readonly port: number;
  readonly fleet: RunningFleet;
  readonly nodes: RunningNodeDesk;
  readonly service: Service;
  /** Every address there is. */
  readonly routes: readonly Route[];
  /** Reads the access file and the certificates again. */
  reload(): void;
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
  const fleet = fleetOf(options, serving);
  const state = { accepting: false, stopping: false };
  const access = await openAccess({ config, clock, log, denied: (entry) => admin.denied(entry), used: (id, at) => admin.used(id, at) });
  const refusal = whyNotServe(config, access.policy());
  if (refusal !== null) throw new Error(refusal);
  const store = await openStore(options.loaded, () => clock.now(), log);
  const admin = createAdminPlane({ config, store, file: access.file, clock, log });
  const ledger = new UsageLedger({ clock, store: store.usage, writer: newRequestId(), log });
  const tracing = createTracing({ clock, store, log, settings: config.telemetry, spans: createOtlp(config, version, clock, log) });
  const streams = new OpenStreams(clock);
  const metrics = createMetrics(() => gaugesNow({ clock, fleet, service, ledger }));
  const conversations = createConversations({ store: store.kv, clock, log, ttlMs: config.responses.ttlSeconds * 1000, maxStored: config.responses.maxStored });
  const models = createModelOperations({ view: () => fleet.view(), changed: (id, change) => fleet.modelsChanged(id, change), backend: (id) => serving.sendTo(id), localNodeId: config.server.nodeId, clock, log });
  const policies = createFleetPolicies({ ...options, config, whereFrom: options.loaded.whereFrom, fleet, backend: (id) => serving.get(id), store, ledger, models, audit: admin.audit, keyless: access.control === null, load: () => service.load() });
  const benchmarking = createBenchmarking({ clock, fleet, store, service: () => service });
  const service = createService({ ...options, policies, capture: tracing.capture, policy: access.policy, spend: (plane, keyId, tokens) => access.control?.spend(plane, keyId, tokens), preparation: preparationOf(options), conversations, fleet, backend: (id) => serving.get(id), store, recorder: createRecorder(log, metrics, [ledger, ...tracing.recorders, policies.use, benchmarking.recorder]), watch: tracing.places, machinesAwaitedUntil: () => nodes.awaitedUntil(), stopping: () => state.stopping });
  const sessions = { desk: access.control?.sessions ?? null, basePath: config.server.basePath, secure: config.server.https.enabled };
  const plain = routesOf({ sessions, models, clock, fleet, service, metrics, ledger, usageStore: store.usage, streams, answers: conversations, facts: statusFacts(config, version, ollamaUrl(options)), defaultTaskType: config.router.defaultTaskType, aliases: config.aliases, startedAt: clock.now(), accepting: () => state.accepting, pageFolder: config.dashboard.enabled ? pageFolder() : null });
  const nodes = createNodes({ config, store, fleet, serving, clock, log, keyless: access.control === null, denied: admin.denied, ownCapacity: options.ownCapacity });
  const machines = [...heartbeatRoutes(nodes, { allowOtherHosts: config.fleet.allowOtherHosts, ownAddresses, ownPort: () => door.port }), ...heartbeatProofRoutes(nodes), ...nodeRoutes(nodes, admin.audit)];
  // Without a door that asks for keys these would be open.
  const health = new HealthWatch({ ...tracing.source, version, fleet: () => fleet.view(), load: () => service.load(), aliases: config.aliases, keys: () => access.policy().apiKeys, pinned: () => ({ everywhere: config.preload.pinned, nodes: policies.pins.nodes }) });
  const watching = watchingRoutes({ config, version, clock, fleet, service, store, streams, tracing, benchmarks: benchmarking.desk, presetContext: policies.presetFor, findings: () => health.findings(), latestFindings: () => health.latest() });
  const routes = [...machines, ...tracing.routes, ...watching, ...policies.routes, ...plain, ...(access.control === null ? [] : [...admin.routes, ...adminJobRoutes(service.jobs, admin.audit), ...tracing.adminRoutes(conversations, admin.audit, (id) => access.policy().apiKeys.some((key) => key.id === id))])];
  const door = new Door(() => startServer(serverOptions(config, clock, log, routes, access.control)));
  const lifecycle = new Lifecycle(
    [
      { name: 'store', start: () => {}, stop: () => store.close() },
      admin,
      new StoreTidying(clock, store, log),
      { name: 'usage', start: () => ledger.load(), stop: () => ledger.stop() },
      tracing,
      new RecalledLatencies(store, fleet, log),
      { name: 'backends', start: () => {}, stop: () => serving.close() },
      { name: 'fleet', start: () => fleet.start(), stop: () => fleet.stop() },
      { name: 'machines', start: () => nodes.start(), stop: () => nodes.stop() },
      { name: 'service', start: () => {}, stop: () => service.detach() },
      { name: 'jobs', start: async () => void (await service.jobs.recover()), stop: () => service.jobs.stop(drainMs) },
      policies,
      health,
      { name: 'access', start: () => access.file?.watch(), stop: () => access.file?.stop() },
      door,
      announcing(config, version, clock, log, () => door.port),
      benchmarking,
      { name: 'event streams', start: () => {}, stop: () => streams.end() },
      { name: 'accepting', start: () => void Object.assign(state, { accepting: true }), stop: () => void Object.assign(state, { accepting: false, stopping: true }) },
    ],
    log,
  );
  await lifecycle.start();
  return { url: urlOf(config, door.port), port: door.port, fleet, nodes, service, routes, reload: () => { void access.file?.reload(true); door.reload(); }, addBackend: (planned) => addLater(fleet, serving, planned), stop: () => lifecycle.stop() };
}

function fleetOf({ clock, log, backends, probeIntervalMs, loaded: { config } }: RouterOptions, serving: ServingBackends): RunningFleet {
  return createFleet({
    clock,
    nodeId: config.server.nodeId,
    backends: backends.map((planned) => serving.add(planned)),
    gpu: gpuSettings(config, collectors, collectorTools),
    breaker: config.router.breaker,
    silence: config.fleet,
    log,
    ...(probeIntervalMs === undefined ? {} : { probeIntervalMs }),
  });
}

/** A machine may have taken the name that a server was found under. */
function addLater(fleet: RunningFleet, serving: ServingBackends, planned: PlannedBackend): void {
  const { id } = planned.settings;
  fleet.addBackend(serving.add(serving.get(id) === undefined ? planned : { ...planned, settings: { ...planned.settings, id: `${id}-here` } }));
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

  reload(): void {
    this.#server?.reloadCertificates();
  }

  async stop(): Promise<void> {
    await this.#server?.stop(drainMs);
  }
}

function preparationOf({ loaded: { config }, clock, fetchPicture }: RouterOptions): ReturnType<typeof createPreparation> {
  const { context, media } = config;
  return createPreparation({ ...context, pictures: { fetch: fetchPicture ?? createFetchPicture(media), timeoutMs: media.timeoutMs, clock } });
}

function serverOptions(config: Config, clock: Clock, log: Log, routes: ReturnType<typeof routesOf>, access: Access | null): Parameters<typeof startServer>[0] {
  const { server } = config;
  const openAi = requireDialect('openai-chat');
  const ollama = requireDialect('ollama-chat');
  return {
    host: server.host,
    port: server.port,
    basePath: server.basePath,
    bodyLimitBytes: server.requestBodyLimit,
    formLimitBytes: config.media.maxRecordingBytes,
    tls: tlsOf(config),
    access,
    origins: server.cors.origins,
    routes,
    shapes: { openAi: (error, id) => openAi.encodeError(error, id), ollama: (error, id) => ollama.encodeError(error, id) },
    clock,
    newRequestId,
    log,
  };
}

function tlsOf({ server: { https } }: Config): Parameters<typeof startServer>[0]['tls'] {
  const { certPath, keyPath, caPath } = https;
  if (!https.enabled || certPath === undefined || keyPath === undefined) return null;
  return { certPath, keyPath, ...(caPath === undefined ? {} : { caPath }), requestCert: caPath !== undefined };
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
