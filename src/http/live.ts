/** The fleet as it is now: `/fleet/status`, `/fleet/queue`, and `/dashboard/events` for who looks on (contract fleet part 1.3). */
import type { Clock } from '../core/clock.ts';
import type { Capability } from '../core/fleet.ts';
import { scoreOf } from './health-report.ts';
import type { OpenStreams } from './event-stream.ts';
import type { Route } from './http.ts';
import type { LiveNow } from './live-sources.ts';
import { modelsWith, nodeRow } from './node-view.ts';
import { inTenths, queueRows, queueView } from './queue-view.ts';
import { rules } from './rules.ts';
import { type FeedPace, UsageFeed } from './usage-feed.ts';

type Json = Record<string, unknown>;

export interface LiveParts {
  readonly clock: Clock;
  readonly streams: OpenStreams;
  now(): LiveNow;
}

/** A change shows within half a second or little more, and ages and loads go on without one. */
const pace: FeedPace = { look: 250, least: 490, most: 1_990 };

export function liveRoutes({ clock, streams, now }: LiveParts): Route[] {
  const feed = new UsageFeed(clock, streams, { marks: () => marksOf(now()), view: () => eventView(now()) }, pace);
  return [
    { method: 'GET', path: '/fleet/status', rule: rules.read, handle: (exchange) => exchange.send(200, statusView(now())) },
    { method: 'GET', path: '/fleet/queue', rule: rules.read, handle: (exchange) => exchange.send(200, queueView(now())) },
    { method: 'GET', path: '/dashboard/events', rule: rules.read, handle: (exchange) => feed.join(exchange) },
  ];
}

function statusView(now: LiveNow): Json {
  const { nodes } = now.fleet;
  return {
    fleet: { nodes_total: nodes.length, nodes_online: nodes.filter(({ status }) => status === 'online').length, models_loaded: loadedModels(now), requests_active: now.load.totalRunning },
    nodes: nodes.map((node) => nodeRow(node, now)),
    queues: queueRows(now),
    timestamp: now.at / 1000,
  };
}

/** Values of which at least one is another after a change. */
function marksOf({ fleet, load, findings, tokensPerSecond }: LiveNow): readonly unknown[] {
  return [fleet, findings, load.runningByBackend?.(), load.totalQueued, load.waiting?.()[0]?.id, inTenths(tokensPerSecond())];
}

function eventView(now: LiveNow): Json {
  const waiting = now.load.waiting?.() ?? [];
  const { nodes } = now.fleet;
  return {
    nodes: nodes.map((node) => ({ ...nodeRow(node, now), ...countsOf(node.id, now) })),
    queues: queueRows(now),
    timestamp: now.at / 1000,
    router_version: now.version,
    totals: {
      nodes_up: nodes.filter(({ status }) => status === 'online' || status === 'degraded').length, nodes_total: nodes.length, running: now.load.totalRunning, waiting: now.load.totalQueued,
      oldest_wait_ms: waiting.length === 0 ? 0 : Math.max(0, Math.round(now.at - Math.min(...waiting.map(({ arrivedAt }) => arrivedAt)))), tokens_per_second: inTenths(now.tokensPerSecond()),
      ...healthOf(now),
    },
    waiting: waiting.slice(0, mostShown).map(({ id, modelKey, priority, user, arrivedAt }, index) => ({ request_id: id, model: modelKey, priority, position: index + 1, age_ms: Math.max(0, Math.round(now.at - arrivedAt)), ...whoOf(user) })),
    waiting_count: waiting.length,
  };
}

/** Under the name of what tells them apart: their key, else what they call themselves, else where they come from. */
function whoOf(user: string): Json {
  const [, kind, name] = /^(key|user|address):(.*)$/s.exec(user) ?? [];
  return kind === undefined ? {} : { [kind]: name };
}

/** As soon as the checks have spoken. */
function healthOf({ findings }: LiveNow): Json {
  return findings === null ? {} : { health_score: scoreOf(findings), health_findings: findings.filter(({ severity }) => severity !== 'info').length };
}

/** Of those who wait; how many there are is told in any case. */
const mostShown = 100;
const kinds = { image_models: 'image', stt_models: 'transcription', embed_models: 'embedding', vision_embed_models: 'image-embedding' } as const satisfies Readonly<Record<string, Capability>>;

/** What the old pages count on each card; models of Apple's own runtime are backends like others here. */
function countsOf(nodeId: string, { fleet }: LiveNow): Json {
  const backends = fleet.backends.filter((backend) => backend.nodeId === nodeId);
  const names = Object.fromEntries(Object.entries(kinds).map(([name, capability]) => [name, backends.flatMap((backend) => modelsWith(backend, capability)).map((model) => model.name)]));
  return { models_available_count: new Set(backends.flatMap(({ report }) => report?.models.map(({ name }) => name) ?? [])).size, mlx_models: [], ...names };
}

function loadedModels({ fleet }: LiveNow): number {
  return fleet.backends.reduce((sum, { status, report }) => sum + (status === 'down' ? 0 : (report?.resident?.length ?? 0)), 0);
}
