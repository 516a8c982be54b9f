/** Placement by the seven signals: who is out of the question, who wins, and what is told of the others. */
import { expect, test } from 'vitest';
import { backend, candidate, entry, fleet } from '../../test/fakes/brain.ts';
import type { FleetView, LearnedSpeed } from '../core/fleet.ts';
import type { NodeReport, NodeState } from '../core/node.ts';
import type { Placement } from '../core/placement.ts';
import { signals } from '../signals/index.gen.ts';
import type { Pin } from './affinity.ts';
import { createPlace, type PlacePolicy } from './place.ts';

const gb = 2 ** 30;

function node(id: string, report: Partial<NodeReport> = {}, more: Partial<NodeState> = {}): NodeState {
  const memory = { totalBytes: 64 * gb, usedBytes: 24 * gb, availableBytes: 40 * gb, pressure: 'normal' as const };
  return { id, source: 'agent', status: 'online', draining: false, heardAt: 0, report: { nodeId: id, name: id, at: 0, memory, gpus: [], draining: false, servers: [], ...report }, ...more };
}

interface Scene {
  readonly nodes?: readonly NodeState[];
  readonly speed?: Readonly<Record<string, LearnedSpeed>>;
  /** Requests of the model `m`, by backend. */
  readonly running?: Readonly<Record<string, number>>;
  /** Of any model, by node. */
  readonly onNode?: Readonly<Record<string, number>>;
  readonly leftAt?: Readonly<Record<string, number>>;
  readonly slots?: number;
  readonly unavailable?: readonly string[];
  /** Those that are there, but have their one request. */
  readonly taken?: readonly string[];
  readonly pin?: Pin;
  readonly policy?: PlacePolicy;
}

function place(backends: FleetView['backends'], scene: Scene = {}): Placement | null {
  const view: FleetView = { ...fleet(backends, (id) => scene.speed?.[id] ?? {}), nodes: scene.nodes ?? backends.map((one) => node(one.id)), leftMemoryAt: (id) => scene.leftAt?.[id] };
  const running = scene.running ?? {};
  const slots = scene.slots ?? 4;
  const choose = createPlace({
    policy: scene.policy ?? 'signals',
    signals,
    fleet: () => view,
    work: (id) => ({ running: running[id] ?? 0, pendingPromptTokens: 0, pendingCompletionTokens: 0 }),
    slots: () => slots,
    running: ({ backendId, modelKey }) => (modelKey === 'm' ? (running[backendId] ?? 0) : 0),
    runningOnNode: (id) => scene.onNode?.[id] ?? running[id] ?? 0,
    available: ({ backendId }) => scene.unavailable?.includes(backendId) !== true,
    pinned: () => scene.pin ?? null,
    now: () => 1_000_000,
  });
  const all = backends.map((one) => candidate(one.id, 'm', one.nodeId));
  const free = all.filter((one) => (running[one.backendId] ?? 0) < slots && ![...(scene.unavailable ?? []), ...(scene.taken ?? [])].includes(one.backendId));
  const found = choose(entry('1', all, { promptTokens: 100, ...(scene.pin === undefined ? {} : { conversation: 7 }) }), free, 1_000_000);
  if (found !== null && 'until' in found) expect(found.until).toBe(1_002_000);
  return found === null || 'until' in found ? null : found;
}

const cold = (id: string, more: object = {}) => backend(id, { models: [{ name: 'm', sizeBytes: 5 * gb }], ...more });
const hot = (id: string, more: object = {}) => backend(id, { models: [{ name: 'm', sizeBytes: 5 * gb }], resident: [{ name: 'm', sizeBytes: 5 * gb, contextLength: 8192 }], ...more });

test('the most points win; the score is told, and every candidate with its terms (fleet part 2.2)', () => {
  const placed = place([cold('a'), hot('b')]);
  expect(placed).toMatchObject({ backendId: 'b', total: 93, score: 93 });
  expect(placed?.considered).toMatchObject([{ backendId: 'a', nodeId: 'a', model: 'm', total: 38 }, { backendId: 'b', total: 93 }]);
  expect(Object.fromEntries(placed?.why.map((term) => [term.signal, term.value]) ?? [])).toEqual({ thermal: 50, 'memory-fit': 20, 'queue-depth': 0, 'latency-history': 0, 'role-affinity': 8, availability: 0, 'context-fit': 15 });
});

test('a single place has its score too, and nothing to compare with', () => {
  expect(place([hot('a')])).toMatchObject({ backendId: 'a', score: 93 });
  expect(place([hot('a')])).not.toHaveProperty('considered');
});

test('what left memory a moment ago goes before what was never there', () => {
  expect(place([cold('a'), cold('b')], { leftAt: { b: 900_000 } })).toMatchObject({ backendId: 'b', score: 58 });
});

test('a machine that is busy with other models is busy', () => {
  // Another server of machine b runs five requests: 30 points off, and those of their duration.
  const placed = place([hot('a', { nodeId: 'one' }), hot('b', { nodeId: 'two' })], { nodes: [node('one'), node('two')], onNode: { one: 5 } });
  expect(placed).toMatchObject({ backendId: 'b', score: 93 });
});

test('who was slow before is chosen less when there is work in front', () => {
  expect(place([hot('a'), hot('b')], { running: { a: 1, b: 1 }, speed: { a: { p75Ms: 60_000 }, b: { p75Ms: 2000 } } })).toMatchObject({ backendId: 'b' });
});

test.each<[string, NodeState, string]>([
  ['memory critical, though the model is loaded', node('a', { memory: { totalBytes: 64 * gb, usedBytes: 63 * gb, availableBytes: gb, pressure: 'critical' } }), 'its memory is all but used up'],
  ['the owner in a meeting', node('a', { capacity: { mode: 'paused', availability: 0, reason: 'meeting_detected', overridden: false, confidence: 1, daysObserved: 30 } }), 'its owner needs the machine (meeting_detected)'],
])('%s: nothing is placed there, and the trace says why (fleet part 2.1)', (_what, state, veto) => {
  const placed = place([hot('a'), cold('b')], { nodes: [state, node('b')] });
  expect(placed).toMatchObject({ backendId: 'b', considered: [{ backendId: 'a', veto }, { backendId: 'b', total: 38 }] });
  expect(placed?.considered?.[0]).not.toHaveProperty('total');
  expect(place([hot('a')], { nodes: [state] })).toBeNull();
});

test('a degraded node is as good as any other (fleet part 2.1)', () => {
  expect(place([hot('a')], { nodes: [node('a', {}, { status: 'degraded' })] })).toMatchObject({ score: 93 });
});

const full = { totalBytes: 64 * gb, usedBytes: 61 * gb, availableBytes: 3 * gb, pressure: 'warn' as const };

test('a model that cannot be loaded is not; idle ones may go for it, busy ones not', () => {
  const beside = (id: string) => cold(id, { resident: [{ name: 'other', sizeBytes: 4 * gb }] });
  expect(place([cold('a')], { nodes: [node('a', { memory: full })] })).toBeNull();
  expect(place([beside('a')], { nodes: [node('a', { memory: full })] })).toMatchObject({ backendId: 'a' });
  // On the same machine another server has the model in memory and runs it.
  const busy = backend('c', { nodeId: 'a', models: ['m'], resident: [{ name: 'm', sizeBytes: 4 * gb }] });
  expect(place([cold('a'), busy], { nodes: [node('a', { memory: full })], running: { c: 4 } })).toBeNull();
});

test('a size is what servers say, wherever one does, and never guessed from a name', () => {
  const known = backend('b', { models: [{ name: 'm', sizeBytes: 30 * gb }] });
  const placed = place([backend('a', { models: ['m'] }), known], { nodes: [node('a', { memory: full }), node('b')] });
  expect(placed).toMatchObject({ backendId: 'b', considered: [{ veto: 'the model takes 30.0 GB, and 3.0 GB can be had there' }, {}] });
  // Nobody knows: no points and no veto.
  expect(place([backend('a', { models: ['m'] })], { nodes: [node('a', { memory: full })] })).toMatchObject({ score: 10 });
});

test('graphics cards of one machine count together; a shared memory is main memory', () => {
  const cards = [{ index: 0, vramTotalMb: 24_000, vramFreeMb: 4096 }, { index: 1, vramTotalMb: 24_000, vramUsedMb: 19_904 }];
  const fitOf = (gpus: NodeReport['gpus']) => place([cold('a')], { nodes: [node('a', { gpus })] })?.why.find((term) => term.signal === 'memory-fit')?.value;
  expect(fitOf(cards)).toBe(15);
  expect(fitOf([{ index: 0, vramTotalMb: 64_000, vramFreeMb: 4096, unified: true }])).toBe(20);
  expect(fitOf([{ index: 0, vramTotalMb: 24_000 }])).toBe(0);
});

test('the middle bandwidth is that of the machines that take part', () => {
  const busy = { onNode: { a: 2, b: 2 } };
  const nodes = [node('a', { memoryBandwidthGbps: 400 }), node('b', { memoryBandwidthGbps: 100 }), node('gone', { memoryBandwidthGbps: 9000 }, { status: 'offline' })];
  const terms = place([hot('a'), hot('b')], { nodes, ...busy })?.considered?.map(({ terms }) => terms.find((term) => term.signal === 'queue-depth')?.value);
  // 250 is the middle: 12 points over 1.6, and over 0.4.
  expect(terms).toEqual([-7.5, -30]);
});

test('of equals the one that has read the conversation, then the configured order', () => {
  expect(place([hot('a'), hot('b')], { pin: { backendId: 'b', model: 'm', tokens: 90 } })).toMatchObject({ backendId: 'b', score: 93 });
  expect(place([hot('a'), hot('b', { priority: 5 })])).toMatchObject({ backendId: 'b' });
  expect(place([hot('b'), hot('a')])).toMatchObject({ backendId: 'a' });
});

test.each<[string, object, Partial<NodeState>, string]>([
  ['down', { status: 'down' }, {}, 'it is down'],
  ['left alone', { breaker: 'open' }, {}, 'it is left alone after failures'],
  ['a model left alone there', { resting: { m: 'open' } }, {}, 'the model is left alone there after failures'],
  ['offline', {}, { status: 'offline' }, 'its node is offline'],
  ['not approved', {}, { status: 'waiting' }, 'nobody has approved its node yet'],
  ['drained', {}, { draining: true }, 'its node is being drained'],
  ['on a machine whose GPU is busy with other work', {}, {}, 'other work keeps it busy'],
])('what could not be taken is told as well: %s', (_what, more, state, veto) => {
  const placed = place([hot('a'), hot('b', more), hot('c')], { running: { a: 4 }, unavailable: ['b'], nodes: [node('a'), node('b', {}, state), node('c')] });
  expect(placed?.considered?.map((one) => [one.backendId, one.veto])).toEqual([['c', undefined], ['a', 'all its slots are taken (4)'], ['b', veto]]);
});

test.each<[string, object, string]>([
  ['server', { breaker: 'half-open' }, 'it is tried with one request at a time after failures'],
  ['model', { resting: { m: 'half-open' } }, 'the model is tried there with one request at a time after failures'],
])('a %s on trial that has its request is told as such', (_what, more, veto) => {
  const placed = place([hot('a'), hot('b', more)], { taken: ['b'] });
  expect(placed?.considered?.map((one) => [one.backendId, one.veto])).toEqual([['a', undefined], ['b', veto]]);
});

test('no more than 32 are told, the chosen one among them', () => {
  const many = Array.from({ length: 50 }, (_, index) => cold(`n${String(index).padStart(2, '0')}`));
  const placed = place([...many, hot('z')]);
  expect(placed?.considered).toHaveLength(32);
  expect(placed?.considered?.at(-1)).toMatchObject({ backendId: 'z', total: 93 });
});
