/** What the dashboard and old fleet clients look at: the fleet as it is now, figures over time, health, benchmarks. */
import type { BenchDesk } from '../bench/bench.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import type { Finding } from '../core/finding.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { benchmarkRunRoutes } from '../http/benchmark-runs.ts';
import { benchmarkRoutes } from '../http/benchmarks.ts';
import type { OpenStreams } from '../http/event-stream.ts';
import { figureRoutes } from '../http/figures.ts';
import { healthReportRoutes } from '../http/health-report.ts';
import type { Route } from '../http/http.ts';
import { liveRoutes } from '../http/live.ts';
import type { LiveNow } from '../http/live-sources.ts';
import { recommendedContext } from '../routing/context-recommendation.ts';
import { notHereRoutes } from '../http/not-here.ts';
import type { Store } from '../store/store.ts';
import { createAdvising } from './advising.ts';
import { slotsOf } from './scheduler-limits.ts';
import type { Service } from './service.ts';
import type { Tracing } from './tracing.ts';

export interface WatchingSources {
  readonly config: Pick<Config, 'server' | 'queue'>;
  readonly version: string;
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly service: Pick<Service, 'load' | 'table'>;
  readonly store: Pick<Store, 'kv'>;
  readonly streams: OpenStreams;
  readonly tracing: Tracing;
  readonly benchmarks: BenchDesk;
  /** What was set for a model, for callers who name no context. */
  readonly presetContext: (model: string) => number | undefined;
  /** What the checks say now. */
  readonly findings: () => Promise<readonly Finding[]>;
  /** What they said last; null: nothing yet. */
  readonly latestFindings: () => readonly Finding[] | null;
}

export function watchingRoutes(sources: WatchingSources): readonly Route[] {
  const { clock, fleet, streams, tracing, store, presetContext, findings } = sources;
  const told = { ...tracing.source, fleet: () => fleet.view() };
  return [
    ...liveRoutes({ clock, streams, now: () => liveNow(sources) }),
    ...figureRoutes({ ...told, recommendedContext, presetContext }),
    ...healthReportRoutes({ ...told, findings, recommendations: createAdvising(told) }),
    ...notHereRoutes,
    ...benchmarkRunRoutes(sources.benchmarks),
    ...benchmarkRoutes({ clock, store: store.kv }),
  ];
}

function liveNow({ clock, version, config, fleet, service, latestFindings, tracing: { places } }: WatchingSources): LiveNow {
  const view = fleet.view();
  const table = service.table();
  return {
    at: clock.now(),
    version,
    ownNodeId: config.server.nodeId,
    fleet: view,
    gpu: view.gpu,
    load: service.load(),
    places: places.places,
    rejected: places.rejected,
    findings: latestFindings(),
    mostQueued: config.queue.globalMaxQueued,
    slots: (backend, key) => slotsOf(table, backend, key),
    loadingSince: (backendId, model) => places.loadingSince(backendId, model),
    tokensPerSecond: (backendId, model) => places.tokensPerSecond(backendId, model),
  };
}
