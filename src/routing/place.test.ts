/** Which of several free places is taken, and what the trace says of it. */
import { expect, test } from 'vitest';
import { backend, candidate, entry, fleet } from '../../test/fakes/brain.ts';
import type { LearnedSpeed } from '../core/fleet.ts';
import type { Signal } from '../signals/signal.ts';
import { signal as loadTime } from '../signals/load-time.ts';
import { signal as waitTime } from '../signals/wait-time.ts';
import { type BackendWork, createPlace, type PlacePolicy } from './place.ts';

const idle: BackendWork = { running: 0, pendingPromptTokens: 0, pendingCompletionTokens: 0 };

function place(backends: Parameters<typeof fleet>[0], more: { policy?: PlacePolicy; signals?: readonly Signal[]; work?: Record<string, BackendWork>; speed?: Record<string, LearnedSpeed> } = {}) {
  const choose = createPlace({
    policy: more.policy ?? 'adaptive',
    signals: more.signals ?? [loadTime, waitTime],
    fleet: () => fleet(backends, (id) => more.speed?.[id] ?? {}),
    work: (id) => more.work?.[id] ?? idle,
    slots: () => 2,
  });
  const free = backends.map((one) => candidate(one.id));
  return choose(entry('1', free, { promptTokens: 500 }), free);
}

test('the smallest expected time wins, and every term is told', () => {
  // Cold: 3 GB at 1.5 GB/s is 2000 ms. Warm with work in front: (1000/500 + 60/30) s over 2 slots is 2000 ms. Reading 500 tokens at 500/s is 1000 ms for both; a learned 1000/s halves it.
  const cold = backend('cold', { models: [{ name: 'm', sizeBytes: 3e9 }] });
  const warm = backend('warm', { models: ['m'], resident: ['m'] });
  const work = { warm: { running: 1, pendingPromptTokens: 1000, pendingCompletionTokens: 60 } };
  expect(place([cold, warm], { work, speed: { cold: { promptTokensPerSecond: 1000 } } })).toEqual({
    ...candidate('cold'), total: 2500, why: [{ signal: 'load-time', value: 2000, unit: 'ms' }, { signal: 'wait-time', value: 500, unit: 'ms' }],
  });
  expect(place([cold, warm])).toMatchObject({ backendId: 'warm', total: 1000 });
});

test('equals: the higher priority, then fewer running, then the name', () => {
  const at = (id: string, priority = 0) => backend(id, { models: ['m'], resident: ['m'], priority });
  expect(place([at('b'), at('a', 1), at('c')])).toMatchObject({ backendId: 'a' });
  expect(place([at('a'), at('b')], { signals: [loadTime], work: { a: { ...idle, running: 1 } } })).toMatchObject({ backendId: 'b' });
  expect(place([at('b'), at('a')])).toMatchObject({ backendId: 'a' });
});

test('a veto leaves a candidate out; with all vetoed nothing is placed', () => {
  const veto: Signal = { id: 'veto', unit: 'ms', vetoes: true, term: (one) => (one.backendId === 'a' ? { veto: 'not there' } : 0) };
  expect(place([backend('a'), backend('b')], { signals: [veto] })).toMatchObject({ backendId: 'b' });
  expect(place([backend('a')], { signals: [veto] })).toBeNull();
});

test('signals in points do not count in milliseconds', () => {
  const points: Signal = { id: 'points', unit: 'points', term: (one) => (one.backendId === 'b' ? 1000 : 0) };
  expect(place([backend('a', { resident: ['m'] }), backend('b')], { signals: [points, loadTime] })).toMatchObject({ backendId: 'a', why: [{ signal: 'load-time' }] });
});

test('least-busy: loaded before cold, then fewest running', () => {
  const warm = backend('warm', { resident: ['m'] });
  const warmer = backend('warmer', { resident: ['m:latest'] });
  const cold = backend('cold');
  const work = { warm: { ...idle, running: 3 }, warmer: { ...idle, running: 2 } };
  expect(place([cold, warm, warmer], { policy: 'least-busy', work })).toMatchObject({ backendId: 'warmer', why: [{ signal: 'not-loaded', value: 0 }, { signal: 'running', value: 2 }] });
  expect(place([cold, backend('b')], { policy: 'least-busy', work: { b: { ...idle, running: 1 } } })).toMatchObject({ backendId: 'cold' });
});

test('a backend that is gone is no place', () => {
  const choose = createPlace({ policy: 'adaptive', signals: [], fleet: () => fleet([]), work: () => idle, slots: () => 1 });
  expect(choose(entry('1', []), [candidate('gone')])).toBeNull();
});
