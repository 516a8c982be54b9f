/** Joins the deciding rooms, the pipeline and the jobs into what answers requests. */
import { randomBytes } from 'node:crypto';
import type { ManagedPolicy } from '../access/policy.ts';
import type { Clock } from '../core/clock.ts';
import { taskTypes } from '../core/request.ts';
import { classifiers } from '../classifiers/index.gen.ts';
import type { LoadedConfig } from '../config/config.ts';
import { dialects } from '../dialects/index.gen.ts';
import type { InferenceDialect } from '../dialects/dialect.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { errorHeaders } from '../http/errors.ts';
import { createJobs } from '../jobs/create-jobs.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { createHandle } from '../pipeline/handle.ts';
import type { Conversations, Handle, Preparation, ServingBackend } from '../pipeline/pipeline.ts';
import { TicketDesk } from '../pipeline/ticket-desk.ts';
import { createPlace, type Place } from '../routing/place.ts';
import type { Load, RoutingTable } from '../routing/routing.ts';
import { createScheduler } from '../routing/scheduler.ts';
import { signals } from '../signals/index.gen.ts';
import type { Store } from '../store/store.ts';
import type { Log, PlaceWatch, Recorder } from '../telemetry/telemetry.ts';
import { createAsk } from './ask-classifier.ts';
import { createBrain } from './brain.ts';
import { type ConversationAffinity, createAffinity } from './conversation-affinity.ts';
import { ContextChoice } from './context-choice.ts';
import type { ServicePolicies } from './fleet-policies.ts';
import { createForeignLoad } from './foreign-gpu-load.ts';
import { routingPolicy } from './policy.ts';
import { pooledSource, randomId } from './random-id.ts';
import { createRunJob, type SpendOf } from './run-job.ts';
import { schedulerLimits } from './scheduler-limits.ts';
import { followFleet, tableFromFile } from './tables.ts';

export interface ServiceSources {
  readonly loaded: Pick<LoadedConfig, 'config' | 'fromFile'>;
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly backend: (id: string) => ServingBackend | undefined;
  readonly store: Store;
  readonly log: Log;
  readonly recorder: Recorder;
  readonly watch: PlaceWatch;
  /** Who may do what, as it is now. */
  readonly policy: () => ManagedPolicy;
  /** Counts what a key's jobs use. */
  readonly spend?: SpendOf;
  readonly preparation?: Preparation;
  readonly conversations?: Conversations;
  readonly stopping: () => boolean;
  /** Until when machines may still report for the first time; null: all have. */
  readonly machinesAwaitedUntil: () => number | null;
  readonly policies: ServicePolicies;
  /** Keeps what is said by those who ask for it. */
  readonly capture?: (handle: Handle) => Handle;
}

export interface Service {
  readonly handle: Handle;
  /** The same for requests that the router makes itself, of which nothing is kept. */
  readonly ownHandle: Handle;
  readonly affinity: ConversationAffinity;
  readonly jobs: Jobs;
  readonly table: () => RoutingTable;
  load(): Load;
  /** Lets go of the fleet's changes. */
  detach(): void;
}

export const inferenceDialects: readonly InferenceDialect[] = dialects.filter((dialect) => dialect.kind === 'inference');
const dialectsById: ReadonlyMap<string, InferenceDialect> = new Map(inferenceDialects.map((dialect) => [dialect.id, dialect]));

const random = pooledSource(randomBytes);

const runName = randomId(10, random);
let requests = 0;

/** Unique over all runs of all routers by its random part, and within one by its count: cheaper than randomness for each. */
export function newRequestId(): string {
  requests += 1;
  return `req_${runName}${requests.toString(36).padStart(6, '0')}`;
}

export function createService(sources: ServiceSources): Service {
  const { loaded, clock, fleet, log } = sources;
  const { config } = loaded;
  const table = followFleet(loaded.fromFile.models ? tableFromFile(config.models, config.routes ?? {}) : null, () => fleet.view());
  const affinity = createAffinity(config.router.affinity, clock);
  const desk = createDesk(sources, table, affinity);
  const { foreign, context } = desk;
  const brain = createBrain({
    clock,
    fleet,
    table,
    policy: routingPolicy(config),
    aliases: config.aliases,
    classifiers: classifiers.toSorted((a, b) => b.order - a.order),
    classifierTools: {
      knownTaskTypes: new Set([...taskTypes, ...Object.keys(config.routes ?? {})]),
      ask: createAsk({ config, dialect: requireDialect('openai-chat'), handle: () => handle, clock, newRequestId }),
    },
    load: () => desk.desk.load(),
    gpuBusyElsewhere: () => foreign.busy(),
    conversationKey: affinity.keyOf,
    taskMs: { image: config.media.imageTimeoutMs, transcription: config.media.transcriptionTimeoutMs, 'image-embedding': config.media.imageEmbeddingTimeoutMs },
    context,
    substitution: sources.policies.substitution,
    thinkingBudget: config.context.thinkingBudget,
    ...(loaded.fromFile.ollamaKeepAlive && config.ollama.keepAlive !== undefined ? { keepAlive: config.ollama.keepAlive } : {}),
    ...(config.queue.timeoutMs === undefined ? {} : { defaultExecutionMs: config.queue.timeoutMs }),
  });
  const handle = createHandle({
    clock,
    brain,
    desk: desk.desk,
    fleet,
    backend: sources.backend,
    dialects: dialectsById,
    preparation: sources.preparation ?? null,
    conversations: sources.conversations ?? null,
    jobs: () => jobs,
    recorder: sources.recorder,
    watch: sources.watch,
    log,
    errorHeaders,
    holdHeadMs: config.server.holdHeadMs,
    retries: config.router.retries,
    stopping: sources.stopping,
    machinesAwaitedUntil: sources.machinesAwaitedUntil,
    switchedOff: sources.policies.switchedOff,
    fetchModel: sources.policies.fetchModel,
  });
  const captured = sources.capture?.(handle) ?? handle;
  const jobs = createServiceJobs(sources, () => captured, (model) => desk.desk.load().queued(model));
  const detach = fleet.onChange(() => desk.desk.fleetChanged());
  return { handle: captured, ownHandle: handle, affinity, jobs, table, load: () => desk.desk.load(), detach };
}

interface Desk {
  readonly desk: TicketDesk;
  readonly foreign: ReturnType<typeof createForeignLoad>;
  readonly context: ContextChoice;
}

function createDesk({ loaded, clock, fleet, log, policies }: ServiceSources, table: () => RoutingTable, affinity: ConversationAffinity): Desk {
  const { config } = loaded;
  const view = (): ReturnType<Fleet['view']> => fleet.view();
  let place: Place = () => null;
  const foreign = createForeignLoad(config.gpu.maxGpuUtilizationPct, view, () => scheduler.load(), () => clock.now());
  const context = new ContextChoice({ mode: config.context.protect, clock, log, view, load: () => scheduler.load(), table, presetFor: policies.presetFor });
  const limits = schedulerLimits({
    queue: { globalMaxConcurrent: config.queue.globalMaxConcurrent ?? null, globalMaxQueued: config.queue.globalMaxQueued, perUserMaxQueued: config.queue.perUserMaxQueued ?? null },
    table,
    fleet: view,
    gpuBusyElsewhere: () => foreign.busy(),
    place: (entry, free, at) => place(entry, free, at),
  });
  const scheduler = createScheduler(limits);
  place = createPlace({
    policy: config.router.placement,
    signals,
    fleet: view,
    work: (id) => scheduler.work(id),
    slots: limits.slots,
    running: (slot) => scheduler.running(slot),
    runningOnNode: (nodeId) => scheduler.runningOnNode(nodeId),
    now: () => clock.now(),
    queued: (key) => scheduler.load().queued(key),
    available: limits.available,
    pinned: affinity.pinned,
    contextOf: (candidate) => context.contextOn(candidate),
  });
  return { desk: new TicketDesk(scheduler, clock, affinity.granted), foreign, context };
}

/** How long the ids of expired jobs answer 410 before they are forgotten: a week, or the time to live when that is longer. */
const rememberMs = 7 * 24 * 3600 * 1000;

function createServiceJobs({ loaded, clock, store, log, policy, spend }: ServiceSources, handle: () => Handle, waitingFor: (model: string) => number): Jobs {
  const { jobs, queue, server } = loaded.config;
  const resultTtlMs = jobs.resultTtlSeconds * 1000;
  return createJobs({
    store: store.jobs,
    clock,
    nodeId: server.nodeId,
    randomId: (length) => randomId(length, random),
    run: createRunJob(handle, dialectsById, clock, (id) => policy().apiKeys.find((key) => key.id === id) ?? null, spend),
    policy: { maxAttempts: jobs.maxAttempts, resultTtlMs, maxQueued: Math.max(1, queue.globalMaxQueued), jitter: () => randomBytes(1).readUInt8() / 255 },
    waitingFor,
    limits: { maxJobs: jobs.maxRetainedJobs, maxBytes: jobs.maxRetainedBytes, rememberMs: Math.max(rememberMs, resultTtlMs) },
    cleanupIntervalMs: jobs.cleanupIntervalMs,
    log,
  });
}

export function requireDialect(id: string): InferenceDialect {
  const dialect = dialectsById.get(id);
  if (!dialect) throw new Error(`The dialect ${id} is missing.`);
  return dialect;
}
