/** What the scheduler is told of a place. */
import { expect, test } from 'vitest';
import { backend, candidate, fleet, spec, table } from '../../test/fakes/brain.ts';
import type { BackendState } from '../core/fleet.ts';
import type { RoutingTable, SchedulerLimits } from '../routing/routing.ts';
import { schedulerLimits } from './scheduler-limits.ts';

const empty: RoutingTable = { ...table([]), fromFile: false };

/** `show` makes a new view, as the fleet does. */
function limitsOver(first: readonly BackendState[], specs = empty): { limits: SchedulerLimits; show: (backends: readonly BackendState[]) => void } {
  let view = fleet(first);
  const queue = { globalMaxConcurrent: null, globalMaxQueued: 1, perUserMaxQueued: null };
  const limits = schedulerLimits({ queue, table: () => specs, fleet: () => view, gpuBusyElsewhere: () => false, place: () => null });
  return { limits, show: (backends) => (view = fleet(backends)) };
}

const onA = candidate('a');

test('work starts on a backend that is up or unknown, not on one that is down or left alone; half-open is on trial', () => {
  const { limits, show } = limitsOver([backend('a', { unasked: true })]);
  const told = (state: Partial<BackendState>) => {
    show([backend('a', state)]);
    return [limits.available(onA), limits.trial?.(onA)];
  };
  expect([limits.available(onA), limits.trial?.(onA)]).toEqual([true, false]);
  expect(told({})).toEqual([true, false]);
  expect(told({ status: 'down' })).toEqual([false, false]);
  expect(told({ breaker: 'open' })).toEqual([false, false]);
  expect(told({ breaker: 'half-open' })).toEqual([true, true]);
});

test('a model that rests on a backend is not started there, and on trial when its time is up; other models and backends are not concerned', () => {
  const { limits, show } = limitsOver([]);
  const told = (state: 'open' | 'half-open') => {
    show([backend('a', { resting: { m: state } }), backend('b')]);
    return [onA, { ...onA, model: 'm:latest' }, candidate('a', 'n'), candidate('b')].map((one) => [limits.available(one), limits.trial?.(one), limits.modelTrial?.(one)]);
  };
  const free = [true, false, false];
  expect(told('open')).toEqual([[false, false, false], [false, false, false], free, free]);
  expect(told('half-open')).toEqual([[true, false, true], [true, false, true], free, free]);
});

test('slots: the smaller of the file\'s and the backend\'s, else the backend\'s, else four', () => {
  const told = backend('a', { maxConcurrent: 3 });
  expect(limitsOver([told]).limits.slots(onA)).toBe(3);
  expect(limitsOver([told], table([spec('m', { maxConcurrent: 2 })])).limits.slots(onA)).toBe(2);
  expect(limitsOver([told], table([spec('m', { maxConcurrent: 9 })])).limits.slots(onA)).toBe(3);
  expect(limitsOver([backend('a')]).limits.slots(onA)).toBe(4);
});
