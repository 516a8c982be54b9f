/** Every address of the router, from the rooms that answer them. */
import type { Clock } from '../core/clock.ts';
import { dialects } from '../dialects/index.gen.ts';
import type { Fleet, ModelOperations } from '../fleet/fleet.ts';
import { gpuTotals } from '../fleet/gpu-totals.ts';
import { affinityRoutes } from '../http/affinity.ts';
import { dashboardRoutes } from '../http/dashboard.ts';
import { fleetRoutes } from '../http/fleet.ts';
import { healthRoutes } from '../http/health.ts';
import type { Route } from '../http/http.ts';
import { inferenceRoutes } from '../http/inference.ts';
import { jobRoutes } from '../http/jobs.ts';
import { listingRoutes } from '../http/listings.ts';
import { metricsRoutes } from '../http/metrics.ts';
import { modelRoutes } from '../http/models.ts';
import { runtimeAgentRoutes } from '../http/runtime-agent.ts';
import { type SessionTerms, sessionRoutes } from '../http/session.ts';
import { type AnswerShelf, responseRoutes } from '../http/responses.ts';
import type { StatusFacts, StatusNow } from '../http/status-view.ts';
import { usageRoutes, type UsageSources } from '../http/usage.ts';
import type { GaugeSource, Metrics } from '../telemetry/metrics.ts';
import type { UsageLedger } from '../telemetry/usage-ledger.ts';
import { concurrencyOf } from './scheduler-limits.ts';
import { createRuntimeAgent } from './runtime-agent.ts';
import { inferenceDialects, requireDialect, type Service } from './service.ts';

export interface AddressSources {
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly service: Service;
  readonly metrics: Metrics;
  readonly ledger: UsageLedger;
  readonly usageStore: UsageSources['store'];
  readonly streams: UsageSources['streams'];
  readonly sessions: SessionTerms;
  readonly models: ModelOperations;
  readonly answers: AnswerShelf;
  readonly facts: StatusFacts;
  /** Of work that a gateway hands on without a word about its task. */
  readonly defaultTaskType: string;
  readonly aliases: Readonly<Record<string, string>>;
  readonly startedAt: number;
  readonly accepting: () => boolean;
  /** Where the page was built; null: it is not served. */
  readonly pageFolder: string | null;
}

export function routesOf(sources: AddressSources): readonly Route[] {
  const { fleet, service, facts } = sources;
  const listings = dialects.filter((dialect) => dialect.kind === 'listing');
  const catalogue = () => ({
    backends: fleet.view().backends,
    aliases: sources.aliases,
    configured: service.table().fromFile ? [...service.table().specs.values()].map((spec) => spec.name) : [],
    version: facts.version,
    startedAt: sources.startedAt,
  });
  return [
    ...inferenceRoutes(inferenceDialects, service.handle),
    ...listingRoutes(listings, catalogue),
    ...jobRoutes(service.jobs),
    ...responseRoutes(sources.answers),
    ...sessionRoutes(sources.sessions),
    ...modelRoutes(sources.models, sources.clock),
    ...runtimeAgentRoutes(createRuntimeAgent({ clock: sources.clock, nodeId: facts.nodeId, defaultTaskType: sources.defaultTaskType, dialect: requireDialect('openai-chat'), handle: service.handle, table: service.table, fleet })),
    ...fleetRoutes(facts, () => statusNow(sources)),
    ...healthRoutes({ fleet: () => fleet.view(), accepting: sources.accepting }),
    ...metricsRoutes(sources.metrics),
    ...affinityRoutes({ enabled: service.affinity.enabled, ttlMs: service.affinity.ttlMs, now: () => sources.clock.now(), fleet: () => fleet.view(), entries: service.affinity.entries }),
    ...usageRoutes({ clock: sources.clock, streams: sources.streams, store: sources.usageStore, ledger: sources.ledger, fleet: () => fleet.view(), running: () => service.load().runningByBackend?.() ?? nothing }),
    // Last: its addresses are whatever the others leave.
    ...(sources.pageFolder === null ? [] : dashboardRoutes(sources.pageFolder, facts.basePath)),
  ];
}

const nothing: ReturnType<UsageSources['running']> = new Map();

export function statusNow({ clock, fleet, service }: Pick<AddressSources, 'clock' | 'fleet' | 'service'>): StatusNow {
  const view = fleet.view();
  const table = service.table();
  return {
    at: clock.now(),
    fleet: view,
    gpu: view.gpu === null ? null : gpuTotals(view.gpu),
    load: service.load(),
    table,
    jobs: service.jobs.counts(),
    concurrency: (key) => concurrencyOf(table, view, key),
  };
}

/** What the gauges show, read when they are scraped. */
export function gaugesNow(sources: Pick<AddressSources, 'clock' | 'fleet' | 'service' | 'ledger'>): GaugeSource {
  const now = statusNow(sources);
  const { vramFreeMb, utilizationPct } = now.gpu ?? {};
  return {
    queued: now.load.totalQueued,
    running: now.load.totalRunning,
    models: [...now.table.specs.keys()].map((model) => ({ model, queued: now.load.queued(model), running: now.load.running(model) })),
    reachable: now.fleet.backends.some((backend) => backend.status === 'up'),
    backends: now.fleet.backends.map((backend) => ({ id: backend.id, up: backend.status === 'up' })),
    ...(vramFreeMb === undefined ? {} : { vramFreeMb }),
    ...(utilizationPct === undefined ? {} : { gpuUtilizationPct: utilizationPct }),
    jobsByStatus: now.jobs.byStatus,
    jobsByModel: now.jobs.byModel,
    usage: sources.ledger.counted(),
  };
}
