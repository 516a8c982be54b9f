import { expect, test } from 'vitest';
import type { BackendState, FleetView } from '../core/fleet.ts';
import type { PlaceFigure } from '../telemetry/telemetry.ts';
import type { LiveNow } from './live-sources.ts';
import { queueView } from './queue-view.ts';

const figure = (more: Partial<PlaceFigure> = {}): PlaceFigure => ({ completed: 4, failed: 1, reaped: 0, totalMs: 400, promptTokens: 40, completionTokens: 8, loadsTold: 4, coldLoads: 1, cacheTold: 2, cachePrompt: 20, cacheHits: 5, ...more });

function backend(id: string, nodeId: string, more: Partial<BackendState> = {}): BackendState {
  return { id, nodeId, kind: 'ollama', url: `http://${nodeId}:1`, status: 'up', report: { models: [{ name: 'a:1b' }], resident: [] }, reportedAt: 1, priority: 0, tags: [], ...more };
}

interface World {
  readonly backends: readonly BackendState[];
  readonly running?: Readonly<Record<string, number>>;
  readonly queued?: number;
  readonly p75?: Readonly<Record<string, number>>;
  readonly places?: Readonly<Record<string, PlaceFigure>>;
  readonly rejected?: number;
}

function now({ backends, running = {}, queued = 0, p75 = {}, places = {}, rejected = 0 }: World): LiveNow {
  const byBackend = <Value>(values: Readonly<Record<string, Value>>): Map<string, Map<string, Value>> => new Map(Object.entries(values).map(([id, value]) => [id, new Map([['a:1b', value]])]));
  const fleet: FleetView = { version: 1, backends, nodes: [], gpu: null, speed: (id) => (p75[id] === undefined ? {} : { p75Ms: p75[id] }) };
  const all = Object.values(running).reduce((sum, count) => sum + count, 0);
  return {
    at: 5_000, version: '1', ownNodeId: 'local', fleet, gpu: null, places: byBackend(places), rejected: new Map(rejected === 0 ? [] : [['a:1b', rejected]]), mostQueued: 100, slots: () => 2, tokensPerSecond: () => 0, loadingSince: () => undefined, findings: null,
    load: { totalQueued: queued, totalRunning: all, queued: (key) => (key === 'a:1b' ? queued : 0), running: () => all, runningByBackend: () => byBackend(running), waiting: () => Array.from({ length: queued }, (_, index) => ({ id: `r${index}`, modelKey: 'a:1b', priority: 'normal' as const, user: 'u', arrivedAt: 0 })) },
  };
}

const rowsOf = (world: World) => queueView(now(world)).queues as Record<string, Record<string, unknown>>;

test('what one machine alone has waits there', () => {
  expect(rowsOf({ backends: [backend('east', 'n1')], queued: 3, running: { east: 2 } })).toMatchObject({ 'n1:a:1b': { pending: 3, in_flight: 2, concurrency: 2, node_id: 'n1' } });
});

test('what several machines have waits for any of them: counted once, and not on a machine that it is not bound to', () => {
  const rows = rowsOf({ backends: [backend('east', 'n1'), backend('west', 'n2')], queued: 3, running: { east: 2 }, rejected: 4 });
  expect(rows).toMatchObject({ 'n1:a:1b': { pending: 0, in_flight: 2, rejected: 0 }, 'n2:a:1b': { pending: 0, in_flight: 0, rejected: 0 }, '*:a:1b': { pending: 3, in_flight: 0, concurrency: 4, node_id: null, rejected: 4 } });
  expect(Object.keys(rows)).toHaveLength(3);
});

test('two servers of one machine are one queue', () => {
  expect(rowsOf({ backends: [backend('east', 'n1'), backend('second', 'n1', { kind: 'openai' })], queued: 1, running: { east: 1, second: 1 } })).toMatchObject({ 'n1:a:1b': { pending: 1, in_flight: 2, concurrency: 4, backend: 'ollama, openai' } });
});

test('averages and rates are of what was measured, and null where nothing was', () => {
  expect(rowsOf({ backends: [backend('east', 'n1')], places: { east: figure() } })['n1:a:1b']).toMatchObject({ completed: 4, failed: 1, avg_latency_ms: 100, avg_prompt_tokens: 10, avg_completion_tokens: 2, warm_hit_rate: 0.75, cold_request_pct: 25, cache_hit_rate: 0.25, cache_sample_count: 2, stats_samples: 4 });
  expect(rowsOf({ backends: [backend('east', 'n1')], running: { east: 1 } })['n1:a:1b']).toMatchObject({ completed: 0, avg_latency_ms: null, warm_hit_rate: null, cold_request_pct: null, cache_hit_rate: null });
});

test.each<readonly [string, World, number | null]>([
  ['nobody waits', { backends: [backend('east', 'n1')], p75: { east: 900 } }, 0],
  ['three wait for two slots of which a request takes 900 ms', { backends: [backend('east', 'n1')], queued: 3, p75: { east: 900 } }, 1_350],
  ['the mean of two machines, over the slots of both', { backends: [backend('east', 'n1'), backend('west', 'n2')], queued: 4, p75: { east: 1_000, west: 3_000 } }, 2_000],
  ['nothing was measured yet', { backends: [backend('east', 'n1')], queued: 3 }, null],
  ['nobody is there to serve', { backends: [backend('east', 'n1', { status: 'down' })], queued: 3, p75: { east: 900 } }, null],
])('the wait when %s', (_when, world, expected) => {
  expect(queueView(now(world)).estimated_wait_ms).toBe(expected);
});
