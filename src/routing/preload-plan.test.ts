import { describe, expect, test } from 'vitest';
import { backend, type BackendSketch, fleet } from '../../test/fakes/brain.ts';
import { gib, nodeReport, nodeState } from '../../test/fakes/nodes.ts';
import type { BackendState, Model } from '../core/fleet.ts';
import type { NodeState } from '../core/node.ts';
import { planPreloads, type PreloadFacts, priorityOf } from './preload-plan.ts';

const now = 1_000_000_000;
const model = (name: string, sizeGb = 5): Model => ({ name, sizeBytes: sizeGb * gib });
const place = (id: string, sketch: BackendSketch = {}): BackendState => backend(id, { models: [model('m:8b'), model('n:8b')], ...sketch });

/** Machines with 40 GiB free that have been there for an hour, unless it is said otherwise. */
function plan(backends: readonly BackendState[], more: Partial<PreloadFacts> & { readonly settingsMore?: Partial<PreloadFacts['settings']>; readonly nodes?: readonly NodeState[] } = {}) {
  const { settingsMore, nodes = backends.map(({ id }) => nodeState(id)), ...facts } = more;
  return planPreloads({
    now,
    view: { ...fleet(backends), nodes },
    settings: { pinned: [], maxModels: 3, prewarmAfterQueued: 3, ...settingsMore },
    pinsOf: () => [],
    demand: [],
    queued: [],
    running: () => 0,
    usedAt: () => undefined,
    since: () => now - 3_600_000,
    pending: () => null,
    ...facts,
  }).map((one) => `${one.reason} ${one.model} on ${one.backendId}`);
}

describe('pinned models', () => {
  const pinned = { settingsMore: { pinned: ['m:8b'] } };

  test('are loaded wherever they are stored, and to one machine alone when pinned there', () => {
    expect(plan([place('a'), place('b'), place('c', { models: [model('n:8b')] })], pinned)).toEqual(['pinned m:8b on a', 'pinned m:8b on b']);
    expect(plan([place('a'), place('b')], { pinsOf: (node) => (node === 'b' ? ['n:8b'] : []) })).toEqual(['pinned n:8b on b']);
  });

  test('are not loaded where they are, or are being loaded, or failed a moment ago', () => {
    expect(plan([place('a', { resident: ['m:8b'] })], pinned)).toEqual([]);
    for (const state of ['loading', 'loaded', 'failed'] as const) expect(plan([place('a')], { ...pinned, pending: () => state })).toEqual([]);
  });

  test.each<[string, NodeState]>([
    ['drains', nodeState('a', undefined, { draining: true })],
    ['is paused', nodeState('a', nodeReport('a', 40, { capacity: { mode: 'paused', availability: 0, reason: 'x', overridden: false, confidence: 1, daysObserved: 9 } }))],
    ['is short of memory', nodeState('a', nodeReport('a', 5, { memory: { ...nodeReport('a', 5).memory, pressure: 'warn' } }))],
    ['is offline', nodeState('a', undefined, { status: 'offline' })],
  ])('nothing is loaded on a machine that %s', (_what, node) => {
    expect(plan([place('a')], { ...pinned, nodes: [node] })).toEqual([]);
  });

  test('push out what is idle, and never what works, was used a moment ago, or is pinned', () => {
    const full = place('a', { resident: [{ name: 'n:8b', sizeBytes: 30 * gib }] });
    const facts = { ...pinned, nodes: [nodeState('a', nodeReport('a', 2))] };
    expect(plan([full], facts)).toEqual(['pinned m:8b on a']);
    expect(plan([full], { ...facts, running: () => 1 })).toEqual([]);
    expect(plan([full], { ...facts, usedAt: () => now - 59_000 })).toEqual([]);
    expect(plan([full], { ...facts, usedAt: () => now - 61_000 })).toEqual(['pinned m:8b on a']);
    expect(plan([full], { ...facts, settingsMore: { pinned: ['m:8b', 'n:8b'] } })).toEqual([]);
  });

  test('where nobody measures memory they are loaded while nothing works there', () => {
    const facts = { ...pinned, nodes: [] };
    expect(plan([place('a', { resident: ['n:8b'] })], facts)).toEqual(['pinned m:8b on a']);
    expect(plan([place('a', { resident: ['n:8b'] })], { ...facts, usedAt: () => now - 1000 })).toEqual([]);
    expect(plan([place('a')], { ...facts, running: () => 1 })).toEqual([]);
  });

  test('come one after the other on one machine', () => {
    expect(plan([place('a')], { settingsMore: { pinned: ['m:8b', 'n:8b'] } })).toEqual(['pinned m:8b on a']);
  });
});

describe('a line of waiting requests', () => {
  const waiting = (count: number) => ({ queued: [['m:8b', count]] as const });

  test('brings the model to one more place with room, the roomiest, once it is three long', () => {
    const backends = [place('a', { resident: ['m:8b'] }), place('b'), place('c')];
    const nodes = [nodeState('a'), nodeState('b', nodeReport('b', 30)), nodeState('c', nodeReport('c', 50))];
    expect(plan(backends, { ...waiting(2), nodes })).toEqual([]);
    expect(plan(backends, { ...waiting(3), nodes })).toEqual(['queued m:8b on c']);
    expect(plan(backends, { ...waiting(9), nodes, settingsMore: { prewarmAfterQueued: 0 } })).toEqual([]);
  });

  test('not a second time while it is on its way, and nowhere when it is everywhere or does not fit', () => {
    const backends = [place('a', { resident: ['m:8b'] }), place('b'), place('c')];
    expect(plan(backends, { ...waiting(9), pending: (id) => (id === 'b' ? 'loading' : null) })).toEqual([]);
    expect(plan([place('a', { resident: ['m:8b'] })], waiting(9))).toEqual([]);
    // 1.2 times 5 GiB is more than 5.9 GiB.
    expect(plan(backends, { ...waiting(9), nodes: ['a', 'b', 'c'].map((id) => nodeState(id, nodeReport(id, 5.9, { memory: { ...nodeReport(id, 5.9).memory, totalBytes: 8 * gib } }))) })).toEqual([]);
  });

  test('where nobody measures memory, only a server that holds nothing', () => {
    const at = (resident: readonly string[]) => plan([place('a', { resident: ['m:8b'] }), place('b', { resident })], { ...waiting(3), nodes: [] });
    expect([at([]), at(['n:8b'])]).toEqual([['queued m:8b on b'], []]);
  });
});

describe('what was used most', () => {
  const demand = [{ model: 'n:8b', requests24h: 1, requests7d: 7 }, { model: 'm:8b', requests24h: 10, requests7d: 70 }];

  test('counts by day and week as the contract says', () => {
    expect(demand.map(priorityOf)).toEqual([4, 40]);
  });

  test('is loaded on a machine that has just come, up to the maximum', () => {
    const fresh = { demand, since: () => now - 1000 };
    expect(plan([place('a')], fresh)).toEqual(['used m:8b on a']);
    expect(plan([place('a'), place('b')], fresh)).toEqual(['used m:8b on a', 'used n:8b on b']);
    expect(plan([place('a'), place('b')], { ...fresh, settingsMore: { maxModels: 1 } })).toEqual(['used m:8b on a']);
    expect(plan([place('a', { resident: ['m:8b'] })], { ...fresh, settingsMore: { maxModels: 1 } })).toEqual([]);
    expect(plan([place('a')], { ...fresh, nodes: [] })).toEqual([]);
  });

  test('comes back later only when it is asked for often and was within the hour: who let it go keeps it so', () => {
    expect(plan([place('a')], { demand })).toEqual([]);
    expect(plan([place('a')], { demand, usedAt: () => now - 600_000 })).toEqual(['used m:8b on a']);
    expect(plan([place('a')], { demand, usedAt: () => now - 3_700_000 })).toEqual([]);
  });
});
