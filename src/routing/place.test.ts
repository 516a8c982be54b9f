/** Which of several free places is taken, and what the trace says of it. */
import { expect, test } from 'vitest';
import { backend, candidate, entry, fleet } from '../../test/fakes/brain.ts';
import type { LearnedSpeed } from '../core/fleet.ts';
import type { NodeCapacity, NodeReport, NodeState } from '../core/node.ts';
import type { Signal } from '../signals/signal.ts';
import { signal as affinity } from '../signals/affinity.ts';
import { signal as loadTime } from '../signals/load-time.ts';
import { signal as oneLoad } from '../signals/one-load.ts';
import { signal as owner } from '../signals/owner.ts';
import { signal as waitTime } from '../signals/wait-time.ts';
import type { Pin } from './affinity.ts';
import { type BackendWork, createPlace, type PlacePolicy } from './place.ts';
import type { Entry } from './routing.ts';

const idle: BackendWork = { running: 0, pendingPromptTokens: 0, pendingCompletionTokens: 0 };
const bothPolicies = ['adaptive', 'least-busy'] as const;

interface Scene {
  readonly policy?: PlacePolicy;
  readonly signals?: readonly Signal[];
  readonly work?: Readonly<Record<string, BackendWork>>;
  readonly speed?: Readonly<Record<string, LearnedSpeed>>;
  /** Requests of the model, by backend; where that is `full`, or more, there is no slot. */
  readonly running?: Readonly<Record<string, number>>;
  readonly full?: number;
  readonly queued?: number;
  readonly unavailable?: readonly string[];
  readonly pin?: Pin;
  readonly nodes?: readonly NodeState[];
  readonly entry?: Partial<Entry>;
  readonly at?: number;
}

/** The choice for a request that arrived at 0 with 500 tokens, and may go to all of the backends. */
function place(backends: Parameters<typeof fleet>[0], scene: Scene = {}) {
  const running = scene.running ?? {};
  const full = scene.full ?? 2;
  const choose = createPlace({
    policy: scene.policy ?? 'adaptive',
    signals: scene.signals ?? [affinity, loadTime, oneLoad, waitTime],
    fleet: () => ({ ...fleet(backends, (id) => scene.speed?.[id] ?? {}), nodes: scene.nodes ?? [] }),
    work: (id) => scene.work?.[id] ?? { ...idle, running: running[id] ?? 0 },
    slots: () => full,
    running: ({ backendId }) => running[backendId] ?? 0,
    queued: () => scene.queued ?? 0,
    available: ({ backendId }) => scene.unavailable?.includes(backendId) !== true,
    pinned: () => scene.pin ?? null,
  });
  const all = backends.map((one) => candidate(one.id));
  const free = all.filter((one) => (running[one.backendId] ?? 0) < full);
  return choose(entry('1', all, { promptTokens: 500, ...scene.entry }), free, scene.at);
}

const warm = (id: string, more: object = {}) => backend(id, { models: ['m'], resident: ['m'], ...more });
/** 3 GB at the usual 1.5 GB/s: 2,000 ms to load. */
const cold = (id: string, more: object = {}) => backend(id, { models: [{ name: 'm', sizeBytes: 3e9 }], ...more });

test('the smallest expected time wins, and every term is told', () => {
  // In front: (1000/500 + 60/30) s over 2 slots is 2000 ms. Reading 500 tokens at 500/s is 1000 ms; a learned 1000/s halves it.
  const work = { a: { running: 1, pendingPromptTokens: 1000, pendingCompletionTokens: 60 } };
  const terms = (waitMs: number) => [{ signal: 'affinity', value: 0, unit: 'ms' }, { signal: 'load-time', value: 0, unit: 'ms' }, { signal: 'one-load', value: 0, unit: 'ms' }, { signal: 'wait-time', value: waitMs, unit: 'ms' }];
  expect(place([warm('a'), warm('b')], { work, speed: { b: { promptTokensPerSecond: 1000 } } })).toEqual({
    ...candidate('b'),
    total: 500,
    why: terms(500),
    considered: [{ backendId: 'a', nodeId: 'a', model: 'm', terms: terms(3000), total: 3000 }, { backendId: 'b', nodeId: 'b', model: 'm', terms: terms(500), total: 500 }],
  });
});

test.each(bothPolicies)('%s: where it is in memory and free goes before where it has to be loaded, however much runs there', (policy) => {
  const work = { warm: { running: 1, pendingPromptTokens: 50_000, pendingCompletionTokens: 5000 } };
  expect(place([cold('cold'), warm('warm')], { policy, work })).toMatchObject({ backendId: 'warm' });
});

test.each(bothPolicies)('%s: while one backend loads it, followers go there as long as there is room', (policy) => {
  expect(place([cold('a'), cold('b')], { policy, running: { b: 1 } })).toMatchObject({ backendId: 'b' });
  expect(place([cold('a'), cold('b'), cold('c')], { policy, running: { b: 11 }, full: 12 })).toMatchObject({ backendId: 'b' });
});

test.each(bothPolicies)('%s: a copy that sleeps has to be loaded as one that is not there', (policy) => {
  const asleep = backend('a', { models: ['m'], resident: [{ name: 'm', sleeping: true }] });
  expect(place([asleep, warm('b')], { policy, running: { b: 1 } })).toMatchObject({ backendId: 'b' });
});

test.each(bothPolicies)('%s: a cold model goes to the highest priority, then where least runs, then where least memory is taken', (policy) => {
  expect(place([cold('a'), cold('b', { priority: 1 })], { policy, signals: [loadTime] })).toMatchObject({ backendId: 'b' });
  expect(place([cold('a'), cold('b')], { policy, work: { a: { running: 2, pendingPromptTokens: 10, pendingCompletionTokens: 10 } } })).toMatchObject({ backendId: 'b' });
  const holding = (id: string, bytes: number) => cold(id, { resident: [{ name: 'other', vramBytes: bytes }] });
  expect(place([holding('a', 8e9), holding('b', 4e9)], { policy })).toMatchObject({ backendId: 'b' });
});

test('when the one that has it is full, least-busy loads it elsewhere at once', () => {
  for (const first of [cold('a'), warm('a')]) {
    expect(place([first, cold('b')], { policy: 'least-busy', running: { a: 2 }, at: 0 })).toMatchObject({ backendId: 'b' });
  }
});

// Loading on b and reading there: 2000 + 1000 ms. In front of a: 60 tokens at 30/s over 2 slots, 1000 ms, and the own 1000.
const fullOfA = { running: { a: 2 }, work: { a: { running: 2, pendingPromptTokens: 0, pendingCompletionTokens: 60 } } };

test('adaptive waits for a full place that is expected to be quicker than a load, as long as the load would have taken', () => {
  expect(place([warm('a'), cold('b')], { ...fullOfA, at: 0 })).toEqual({ until: 3000 });
  expect(place([warm('a'), cold('b')], { ...fullOfA, at: 2999 })).toEqual({ until: 3000 });
  expect(place([warm('a'), cold('b')], { ...fullOfA, at: 3000 })).toMatchObject({ backendId: 'b', total: 3000 });
  // Half of the load is left on average, 1000 ms: 3000 in all.
  expect(place([cold('a'), cold('b')], { ...fullOfA, at: 0 })).toEqual({ until: 3000 });
});

test('adaptive loads it elsewhere when the wait is expected to take longer', () => {
  const work = { a: { running: 2, pendingPromptTokens: 0, pendingCompletionTokens: 180 } };
  expect(place([warm('a'), cold('b')], { ...fullOfA, work, at: 0 })).toMatchObject({ backendId: 'b' });
  // Four in line for two slots: the third turn is his.
  expect(place([warm('a'), cold('b')], { ...fullOfA, queued: 5, at: 0 })).toMatchObject({ backendId: 'b' });
});

test('nobody waits into his deadline, for a backend that takes no work, or when he must not wait', () => {
  const two = [warm('a'), cold('b')];
  expect(place(two, { ...fullOfA, at: 0, entry: { deadlineAt: 3000 } })).toMatchObject({ backendId: 'b' });
  expect(place(two, { ...fullOfA, at: 0, entry: { deadlineAt: 3001 } })).toEqual({ until: 3000 });
  expect(place(two, { ...fullOfA, at: 0, unavailable: ['a'] })).toMatchObject({ backendId: 'b' });
  expect(place(two, fullOfA)).toMatchObject({ backendId: 'b' });
});

test.each(bothPolicies)('%s: a conversation goes on where it was, if the model is still there', (policy) => {
  const pin = { backendId: 'b', model: 'm', tokens: 400 };
  const conversation = { conversation: 7 };
  expect(place([warm('a'), warm('b')], { policy, pin, entry: conversation })).toMatchObject({ backendId: 'b' });
  expect(place([warm('a'), warm('b')], { policy, pin })).toMatchObject({ backendId: 'a' });
  expect(place([warm('a'), cold('b')], { policy, pin, entry: conversation })).toMatchObject({ backendId: 'a' });
  expect(place([warm('a'), warm('b')], { policy, pin: { ...pin, model: 'other' }, entry: conversation })).toMatchObject({ backendId: 'a' });
  expect(place([warm('a'), warm('b')], { policy, pin, entry: conversation, running: { b: 2 } })).toMatchObject({ backendId: 'a' });
});

test('least-busy: the conversation goes before the load, and the terms say so', () => {
  expect(place([warm('a'), warm('b')], { policy: 'least-busy', pin: { backendId: 'b', model: 'm', tokens: 1 }, entry: { conversation: 7 }, running: { b: 1 } })).toMatchObject({
    backendId: 'b', why: [{ signal: 'not-loaded', value: 0 }, { signal: 'affinity', value: -100_000 }, { signal: 'running', value: 1 }],
  });
});

test('equals: the higher priority, then fewer running, then the name', () => {
  expect(place([warm('b'), warm('a', { priority: 1 }), warm('c')])).toMatchObject({ backendId: 'a' });
  expect(place([warm('a'), warm('b')], { signals: [loadTime], work: { a: { ...idle, running: 1 } } })).toMatchObject({ backendId: 'b' });
  expect(place([warm('b'), warm('a')])).toMatchObject({ backendId: 'a' });
});

test('a veto leaves a candidate out; with all vetoed nothing is placed', () => {
  const veto: Signal = { id: 'veto', unit: 'ms', vetoes: true, term: (one) => (one.backendId === 'a' ? { veto: 'not there' } : 0) };
  expect(place([backend('a'), backend('b')], { signals: [veto] })).toMatchObject({ backendId: 'b' });
  expect(place([backend('a')], { signals: [veto] })).toBeNull();
});

test('signals in points do not count in milliseconds', () => {
  const points: Signal = { id: 'points', unit: 'points', term: (one) => (one.backendId === 'b' ? 1000 : 0) };
  expect(place([warm('a'), cold('b')], { signals: [points, loadTime] })).toMatchObject({ backendId: 'a', why: [{ signal: 'load-time' }] });
});

test('least-busy: loaded before cold, then fewest running', () => {
  const latest = backend('warmer', { resident: ['m:latest'] });
  const work = { warm: { ...idle, running: 3 }, warmer: { ...idle, running: 2 } };
  expect(place([cold('cold'), warm('warm'), latest], { policy: 'least-busy', work })).toMatchObject({ backendId: 'warmer', total: 2 });
});

test('the last free place of several is told with its terms, the only one there is without', () => {
  expect(place([warm('a'), warm('b')], { running: { a: 2 } })).toMatchObject({ backendId: 'b', why: [{}, {}, {}, { signal: 'wait-time', value: 1000 }] });
  expect(place([warm('a')])).toEqual({ ...candidate('a'), total: 0, why: [] });
});

test('a backend that is gone is no place', () => {
  const choose = createPlace({ policy: 'adaptive', signals: [], fleet: () => fleet([]), work: () => idle, slots: () => 1 });
  const gone = [candidate('gone')];
  expect(choose(entry('1', gone), gone)).toBeNull();
  expect(choose(entry('1', [...gone, candidate('too')]), gone)).toBeNull();
});

/** Machines as their agents tell of them; each backend is on the one of its name. */
function used(reports: Readonly<Record<string, Pick<NodeReport, 'activity' | 'capacity'>>>, backends: Parameters<typeof fleet>[0], scene: Scene = {}) {
  const nodes = Object.entries(reports).map(([id, report]) => ({ id, source: 'agent', status: 'online', draining: false, heardAt: 0, report: { ...report, nodeId: id, memory: { totalBytes: 64e9, usedBytes: 0, availableBytes: 64e9, pressure: 'normal' }, gpus: [], servers: [] } }) as unknown as NodeState);
  return place(backends, { signals: [affinity, loadTime, oneLoad, owner, waitTime], ...scene, nodes });
}

const capacity = (availability: number, more: Partial<NodeCapacity> = {}): NodeCapacity => ({ mode: 'learned_medium', availability, reason: 'currently_busy', overridden: false, confidence: 1, daysObserved: 30, ...more });

test.each(bothPolicies.flatMap((policy) => [
  [policy, 'little of it is left', { capacity: capacity(0.25) }] as const,
  [policy, 'it is used hard', { activity: 'intensive' as const }] as const,
  [policy, 'it is used, and still being learned about', { activity: 'heavy' as const, capacity: capacity(0.9, { mode: 'bootstrap' }) }] as const,
]))('%s: a machine goes after a free one with the same model when %s', (policy, _why, report) => {
  expect(used({ a: report, b: {} }, [warm('a'), warm('b')], { policy })).toMatchObject({ backendId: 'b' });
  // As good, or nearly: one request runs there, of which little is left.
  const work = { b: { running: 1, pendingPromptTokens: 50, pendingCompletionTokens: 10 } };
  expect(used({ a: { activity: 'intensive' }, b: {} }, [warm('a'), warm('b')], { policy, work })).toMatchObject({ backendId: 'b' });
});

test.each(bothPolicies)('%s: nobody waits long for a free machine, nor is the model loaded on one while a used one has it', (policy) => {
  const work = { b: { running: 3, pendingPromptTokens: 9_000, pendingCompletionTokens: 900 } };
  expect(used({ a: { activity: 'intensive' }, b: {} }, [warm('a'), warm('b')], { policy, work })).toMatchObject({ backendId: 'a' });
  expect(used({ a: { activity: 'intensive' }, b: {} }, [warm('a'), cold('b')], { policy })).toMatchObject({ backendId: 'a' });
});

test.each(bothPolicies)('%s: half of a machine is free enough, and so is one whose owner gave it by hand', (policy) => {
  for (const report of [{ capacity: capacity(0.5) }, { activity: 'moderate' as const }, { activity: 'intensive' as const, capacity: capacity(1, { overridden: true }) }]) expect(used({ a: report, b: {} }, [warm('a'), warm('b')], { policy })).toMatchObject({ backendId: 'a' });
});

test('what an owner costs a place is told in milliseconds, and bounded', () => {
  // 500 tokens at the usual 500 a second are read in a second.
  expect(used({ a: { activity: 'intensive', capacity: capacity(0.2) } }, [warm('a'), warm('b')])).toMatchObject({ backendId: 'b', considered: [{ backendId: 'a', total: 3_000 }, { backendId: 'b', total: 1_000 }] });
  expect(used({ a: { activity: 'heavy' } }, [warm('a'), warm('b')])).toMatchObject({ considered: [{ backendId: 'a', total: 2_000 }, { backendId: 'b', total: 1_000 }] });
});
