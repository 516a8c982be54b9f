/** The queues as the fleet endpoints show them, `node:model` each (contract fleet part 1.3). Pure. */
import type { BackendState } from '../core/fleet.ts';
import type { PlaceFigure } from '../telemetry/telemetry.ts';
import { modelKey } from '../util/model-name.ts';
import type { LiveNow } from './live-sources.ts';

type Json = Record<string, unknown>;

/** One model on one machine. */
interface Queue {
  readonly node: string;
  readonly key: string;
  readonly model: string;
  readonly kinds: Set<string>;
  inFlight: number;
  concurrency: number;
  /** How long three quarters of its requests took, where that was seen. */
  readonly p75: number[];
  readonly figures: PlaceFigure[];
  tokensPerSecond: number;
}

/** Where a request waits that several machines may serve: it is bound to none until one has a slot. */
const anyNode = '*';

export function queueView(now: LiveNow): Json {
  const queues = queuesOf(now);
  const figures = queues.flatMap((queue) => queue.figures);
  return {
    queue_depth: now.load.totalQueued,
    pending: now.load.totalQueued,
    in_flight: now.load.totalRunning,
    completed: sum(figures, 'completed'),
    failed: sum(figures, 'failed'),
    reaped: sum(figures, 'reaped'),
    estimated_wait_ms: estimatedWait(now, queues),
    tokens_per_second: inTenths(now.tokensPerSecond()),
    nodes_online: now.fleet.nodes.filter(({ status }) => status === 'online').length,
    queues: queueRows(now, queues),
    timestamp: now.at / 1000,
  };
}

/** By `node:model`; what waits for any of several machines stands under `*:model`, so that each request is counted once. */
export function queueRows(now: LiveNow, queues = queuesOf(now)): Json {
  const rows: Json = {};
  for (const queue of queues) rows[`${queue.node}:${queue.model}`] = queueRow(queue, alone(queue, queues) ? waitingFor(queue.key, now) : 0, alone(queue, queues) ? rejectedOf(queue.key, now) : 0, now);
  for (const [key, model] of modelsSomewhere(now, queues)) {
    const here = queues.filter((queue) => queue.key === key);
    if (here.length === 1 || (waitingFor(key, now) === 0 && rejectedOf(key, now) === 0)) continue;
    const shared: Queue = { node: anyNode, key, model, kinds: new Set(here.flatMap(({ kinds }) => [...kinds])), inFlight: 0, concurrency: here.reduce((all, { concurrency }) => all + concurrency, 0), p75: [], figures: [], tokensPerSecond: 0 };
    rows[`${anyNode}:${model}`] = queueRow(shared, waitingFor(key, now), rejectedOf(key, now), now);
  }
  return rows;
}

/** Every model that runs or has run on a machine, or is waited for there. */
function queuesOf(now: LiveNow): Queue[] {
  const queues = new Map<string, Queue>();
  for (const backend of now.fleet.backends) for (const model of namesOn(backend, now)) addPlace(queues, backend, model, now);
  return [...queues.values()];
}

function namesOn(backend: BackendState, { load, places }: LiveNow): ReadonlySet<string> {
  const seen = [...(load.runningByBackend?.().get(backend.id)?.keys() ?? []), ...(places.get(backend.id)?.keys() ?? [])];
  const waited = backend.status === 'down' ? [] : (backend.report?.models.map(({ name }) => name).filter((name) => load.queued(modelKey(name)) > 0) ?? []);
  return new Set([...seen, ...waited]);
}

function addPlace(queues: Map<string, Queue>, backend: BackendState, model: string, now: LiveNow): void {
  const key = modelKey(model);
  const place = `${backend.nodeId}\n${key}`;
  const queue = queues.get(place) ?? { node: backend.nodeId, key, model, kinds: new Set<string>(), inFlight: 0, concurrency: 0, p75: [], figures: [], tokensPerSecond: 0 };
  queues.set(place, queue);
  queue.kinds.add(backend.kind);
  queue.inFlight += now.load.runningByBackend?.().get(backend.id)?.get(model) ?? 0;
  if (backend.status !== 'down') queue.concurrency += now.slots(backend, key);
  queue.tokensPerSecond += now.tokensPerSecond(backend.id, model);
  const { p75Ms } = now.fleet.speed(backend.id, model);
  if (p75Ms !== undefined) queue.p75.push(p75Ms);
  const figure = now.places.get(backend.id)?.get(model);
  if (figure !== undefined) queue.figures.push(figure);
}

function queueRow({ node, model, kinds, inFlight, concurrency, figures, tokensPerSecond }: Queue, pending: number, rejected: number, now: LiveNow): Json {
  const completed = sum(figures, 'completed');
  const loads = sum(figures, 'loadsTold');
  const cold = sum(figures, 'coldLoads');
  const cachePrompt = sum(figures, 'cachePrompt');
  return {
    pending, in_flight: inFlight, concurrency, model, node_id: node === anyNode ? null : node, backend: [...kinds].join(', '),
    completed, failed: sum(figures, 'failed'), rejected, reaped: sum(figures, 'reaped'), max_queue_depth: now.mostQueued,
    cache_hit_rate: share(sum(figures, 'cacheHits'), cachePrompt), warm_hit_rate: share(loads - cold, loads), cold_request_pct: loads === 0 ? null : Math.round((1000 * cold) / loads) / 10,
    cache_sample_count: sum(figures, 'cacheTold'), stats_samples: completed,
    avg_latency_ms: mean(sum(figures, 'totalMs'), completed), avg_prompt_tokens: mean(sum(figures, 'promptTokens'), completed), avg_completion_tokens: mean(sum(figures, 'completionTokens'), completed),
    tokens_per_second: inTenths(tokensPerSecond),
  };
}

function alone({ key }: Queue, queues: readonly Queue[]): boolean {
  return queues.filter((queue) => queue.key === key).length === 1;
}

/** Names with queues, and those that are waited for or were turned away without one, where a machine lists them. */
function modelsSomewhere(now: LiveNow, queues: readonly Queue[]): ReadonlyMap<string, string> {
  const names = new Map(queues.map(({ key, model }) => [key, model]));
  for (const { modelKey: key } of now.load.waiting?.() ?? []) if (!names.has(key)) names.set(key, key);
  return names;
}

function waitingFor(key: string, { load }: LiveNow): number {
  return load.queued(key);
}

function rejectedOf(key: string, { rejected }: LiveNow): number {
  return [...rejected].reduce((all, [name, count]) => (modelKey(name) === key ? all + count : all), 0);
}

/** The contract's formula over what was really measured; null while nothing was. */
function estimatedWait({ load }: LiveNow, queues: readonly Queue[]): number | null {
  if (load.totalQueued === 0) return 0;
  const times = queues.flatMap(({ p75 }) => p75);
  const slots = queues.reduce((all, { concurrency }) => all + concurrency, 0);
  if (times.length === 0 || slots === 0) return null;
  return Math.round((load.totalQueued * (times.reduce((all, ms) => all + ms, 0) / times.length)) / slots);
}

function sum(figures: readonly PlaceFigure[], name: keyof PlaceFigure): number {
  return figures.reduce((all, figure) => all + figure[name], 0);
}

/** As the views show speeds. */
export function inTenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((1000 * part) / whole) / 1000;
}

function mean(total: number, count: number): number | null {
  return count === 0 ? null : Math.round((10 * total) / count) / 10;
}
