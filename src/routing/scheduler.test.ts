/** What a caller in the line may rely on, case by case. */
import { expect, test } from 'vitest';
import { candidate, entry } from '../../test/fakes/brain.ts';
import type { Candidate } from '../core/placement.ts';
import type { Entry, SchedulerEffect, SchedulerLimits } from './routing.ts';
import { createScheduler, type WorkingScheduler } from './scheduler.ts';

function limits(more: Partial<SchedulerLimits> = {}): SchedulerLimits {
  return {
    globalMaxConcurrent: null,
    globalMaxQueued: 100,
    perUserMaxQueued: null,
    agingPointsPerSecond: 1,
    slots: () => 1,
    exclusive: () => false,
    available: () => true,
    place: (_entry, free) => placed(free[0]),
    ...more,
  };
}

function placed(chosen: Candidate | undefined) {
  return chosen === undefined ? null : { ...chosen, total: 0, why: [] };
}

function arrive(scheduler: WorkingScheduler, one: Entry, at = one.arrivedAt): readonly SchedulerEffect[] {
  return scheduler.dispatch({ type: 'arrive', at, entry: one });
}

function leave(scheduler: WorkingScheduler, id: string, at = 0): readonly SchedulerEffect[] {
  return scheduler.dispatch({ type: 'leave', at, id });
}

/** `grant a on x` or `reject a: code`, as a reader would say it. */
function said(effects: readonly SchedulerEffect[]): readonly string[] {
  return effects.map((effect) => (effect.type === 'grant' ? `${effect.id} on ${effect.placement.backendId}/${effect.placement.modelKey}` : `${effect.id}: ${effect.code}`));
}

const onA = [candidate('a')];

test('who fits starts at once, the rest in order of arrival as slots come back', () => {
  const scheduler = createScheduler(limits());
  expect(said(arrive(scheduler, entry('1', onA)))).toEqual(['1 on a/m']);
  expect(arrive(scheduler, entry('2', onA))).toEqual([]);
  expect(arrive(scheduler, entry('3', onA))).toEqual([]);
  expect([scheduler.position('2'), scheduler.position('3'), scheduler.position('1')]).toEqual([1, 2, 0]);
  expect([scheduler.load().totalQueued, scheduler.load().queued('m'), scheduler.load().running('m')]).toEqual([2, 2, 1]);
  expect(said(leave(scheduler, '1'))).toEqual(['2 on a/m']);
  expect(said(leave(scheduler, '2'))).toEqual(['3 on a/m']);
  expect(leave(scheduler, '3')).toEqual([]);
  expect(scheduler.load().totalRunning).toBe(0);
});

test('a higher priority goes first, until the lower one has waited the difference away', () => {
  // High is 40 points above normal; at 10 points a second that is 4 seconds.
  const order = (highArrivesAt: number): readonly string[] => {
    const scheduler = createScheduler(limits({ agingPointsPerSecond: 10 }));
    arrive(scheduler, entry('runs', onA));
    arrive(scheduler, entry('normal', onA, { arrivedAt: 0 }));
    arrive(scheduler, entry('high', onA, { arrivedAt: highArrivesAt, priority: 'high' }));
    return said(leave(scheduler, 'runs', 10_000));
  };
  expect(order(3900)).toEqual(['high on a/m']);
  expect(order(4100)).toEqual(['normal on a/m']);
});

test('without ageing priority decides alone, and equals keep their order', () => {
  const scheduler = createScheduler(limits({ agingPointsPerSecond: 0 }));
  arrive(scheduler, entry('runs', onA));
  arrive(scheduler, entry('low', onA, { arrivedAt: 1, priority: 'low' }));
  arrive(scheduler, entry('high 1', onA, { arrivedAt: 900_000, priority: 'high' }));
  arrive(scheduler, entry('high 2', onA, { arrivedAt: 900_000, priority: 'high' }));
  expect(said(leave(scheduler, 'runs', 900_000))).toEqual(['high 1 on a/m']);
  expect(said(leave(scheduler, 'high 1', 900_000))).toEqual(['high 2 on a/m']);
  expect(said(leave(scheduler, 'high 2', 900_000))).toEqual(['low on a/m']);
});

test('the next model in the list is used only while no slot of the first is free', () => {
  const scheduler = createScheduler(limits({ slots: () => 1 }));
  const both = [candidate('a', 'best'), candidate('b', 'best'), candidate('a', 'second')];
  expect(said(arrive(scheduler, entry('1', both)))).toEqual(['1 on a/best']);
  expect(said(arrive(scheduler, entry('2', both)))).toEqual(['2 on b/best']);
  expect(said(arrive(scheduler, entry('3', both)))).toEqual(['3 on a/second']);
  expect(arrive(scheduler, entry('4', both))).toEqual([]);
  expect(said(leave(scheduler, '2'))).toEqual(['4 on b/best']);
});

test('a model that place refuses everywhere gives its turn to the next model', () => {
  const scheduler = createScheduler(limits({ place: (_entry, free) => (free[0]?.modelKey === 'first' ? null : placed(free[0])) }));
  expect(said(arrive(scheduler, entry('1', [candidate('a', 'first'), candidate('a', 'second')])))).toEqual(['1 on a/second']);
});

test('globalMaxConcurrent holds over all backends and models', () => {
  const scheduler = createScheduler(limits({ globalMaxConcurrent: 2 }));
  arrive(scheduler, entry('1', [candidate('a', 'x')]));
  arrive(scheduler, entry('2', [candidate('b', 'y')]));
  expect(arrive(scheduler, entry('3', [candidate('c', 'z')]))).toEqual([]);
  expect(said(leave(scheduler, '1'))).toEqual(['3 on c/z']);
});

test('an exclusive model runs alone on its node, and others wait until it is done', () => {
  const scheduler = createScheduler(limits({ exclusive: (key) => key === 'big', slots: () => 4 }));
  expect(said(arrive(scheduler, entry('big', [candidate('a', 'big')])))).toEqual(['big on a/big']);
  expect(arrive(scheduler, entry('big again', [candidate('a', 'big')]))).toEqual([]);
  expect(arrive(scheduler, entry('small', [candidate('a', 'small')]))).toEqual([]);
  expect(said(arrive(scheduler, entry('elsewhere', [candidate('b', 'small')])))).toEqual(['elsewhere on b/small']);
  expect(said(leave(scheduler, 'big'))).toEqual(['big again on a/big']);
  expect(said(leave(scheduler, 'big again'))).toEqual(['small on a/small']);
});

test('while an exclusive model waits for its node, later work does not start there and earlier work does', () => {
  const scheduler = createScheduler(limits({ exclusive: (key) => key === 'big', slots: () => 2 }));
  const small = [candidate('a', 'small')];
  arrive(scheduler, entry('runs', small));
  expect(arrive(scheduler, entry('big', [candidate('a', 'big')], { arrivedAt: 10 }))).toEqual([]);
  expect(arrive(scheduler, entry('later', small, { arrivedAt: 20 }))).toEqual([]);
  expect(said(arrive(scheduler, entry('urgent', small, { arrivedAt: 20, priority: 'high' })))).toEqual(['urgent on a/small']);
  expect(leave(scheduler, 'runs')).toEqual([]);
  expect(said(leave(scheduler, 'urgent'))).toEqual(['big on a/big']);
  expect(said(leave(scheduler, 'big'))).toEqual(['later on a/small']);
});

test('when the exclusive request in front gives up, those it held back start', () => {
  const scheduler = createScheduler(limits({ exclusive: (key) => key === 'big', slots: () => 2 }));
  arrive(scheduler, entry('runs', [candidate('a', 'small')]));
  arrive(scheduler, entry('big', [candidate('a', 'big')], { deadlineAt: 500 }));
  arrive(scheduler, entry('later', [candidate('a', 'small')]));
  expect(said(scheduler.dispatch({ type: 'tick', at: 500 }))).toEqual(['big: queue_timeout', 'later on a/small']);
});

test('an exclusive request that starts on one node gives the other nodes it held back free, and no others', () => {
  const scheduler = createScheduler(limits({ exclusive: (key) => key === 'big', slots: () => 2 }));
  arrive(scheduler, entry('on a', [candidate('a', 'small')]));
  arrive(scheduler, entry('on b', [candidate('b', 'small')]));
  arrive(scheduler, entry('on c', [candidate('c', 'small')]));
  arrive(scheduler, entry('big for c', [candidate('c', 'big')]));
  arrive(scheduler, entry('big for a or b', [candidate('a', 'big'), candidate('b', 'big')]));
  arrive(scheduler, entry('later for b', [candidate('b', 'small')]));
  arrive(scheduler, entry('later for c', [candidate('c', 'small')]));
  expect(said(leave(scheduler, 'on a'))).toEqual(['big for a or b on a/big', 'later for b on b/small']);
});

test('who waits too long is refused at the deadline, never started', () => {
  const scheduler = createScheduler(limits());
  arrive(scheduler, entry('runs', onA));
  arrive(scheduler, entry('2', onA, { deadlineAt: 1000 }));
  arrive(scheduler, entry('3', onA, { deadlineAt: 3000 }));
  expect(scheduler.nextDeadline()).toBe(1000);
  expect(scheduler.dispatch({ type: 'tick', at: 999 })).toEqual([]);
  expect(said(leave(scheduler, 'runs', 1000))).toEqual(['2: queue_timeout', '3 on a/m']);
  expect(scheduler.nextDeadline()).toBeNull();
});

test('no wait allowed means now or never', () => {
  const scheduler = createScheduler(limits());
  expect(said(arrive(scheduler, entry('now', onA, { arrivedAt: 5, deadlineAt: 5 }), 6))).toEqual(['now on a/m']);
  expect(said(arrive(scheduler, entry('never', onA, { arrivedAt: 5, deadlineAt: 5 }), 6))).toEqual(['never: queue_timeout']);
});

test('a full queue refuses who must wait, not who can start nor an idle model', () => {
  const scheduler = createScheduler(limits({ globalMaxQueued: 1, globalMaxConcurrent: 2 }));
  arrive(scheduler, entry('1', onA));
  arrive(scheduler, entry('2', onA));
  const refused = arrive(scheduler, entry('3', onA));
  expect(said(refused)).toEqual(['3: queue_full']);
  expect(refused[0]).toMatchObject({ retryAfterMs: expect.toSatisfy((ms: number) => ms >= 1000) });
  expect(said(arrive(scheduler, entry('idle', [candidate('b', 'other')])))).toEqual(['idle on b/other']);
  expect(arrive(scheduler, entry('idle too', [candidate('c', 'third')]))).toEqual([]);
  expect(said(arrive(scheduler, entry('not idle', [candidate('b', 'other')])))).toEqual(['not idle: queue_full']);
  expect(arrive(scheduler, entry('job', onA, { bounded: false }))).toEqual([]);
});

test('one user may not fill the queue', () => {
  const scheduler = createScheduler(limits({ perUserMaxQueued: 1 }));
  arrive(scheduler, entry('1', onA, { user: 'ann' }));
  arrive(scheduler, entry('2', onA, { user: 'ann' }));
  expect(said(arrive(scheduler, entry('3', onA, { user: 'ann' })))).toEqual(['3: rate_limited']);
  expect(arrive(scheduler, entry('4', onA, { user: 'bob' }))).toEqual([]);
  leave(scheduler, '2');
  expect(arrive(scheduler, entry('5', onA, { user: 'ann' }))).toEqual([]);
});

test('a backend that comes back is given what waited for it', () => {
  let up = false;
  const scheduler = createScheduler(limits({ available: () => up }));
  expect(arrive(scheduler, entry('1', onA))).toEqual([]);
  up = true;
  expect(said(scheduler.dispatch({ type: 'fleet-changed', at: 1 }))).toEqual(['1 on a/m']);
});

test('work in front is counted by backend and forgotten when it ends', () => {
  const scheduler = createScheduler(limits({ slots: () => 2 }));
  arrive(scheduler, entry('1', onA, { promptTokens: 10, completionTokens: 20 }));
  arrive(scheduler, entry('2', onA, { promptTokens: 1, completionTokens: 2 }));
  expect(scheduler.work('a')).toEqual({ running: 2, pendingPromptTokens: 11, pendingCompletionTokens: 22 });
  leave(scheduler, '1');
  expect(scheduler.work('a')).toEqual({ running: 1, pendingPromptTokens: 1, pendingCompletionTokens: 2 });
  leave(scheduler, '2');
  leave(scheduler, '2');
  leave(scheduler, 'nobody');
  expect(scheduler.work('a')).toEqual({ running: 0, pendingPromptTokens: 0, pendingCompletionTokens: 0 });
});

test('the same id twice is a fault of the program, and is said', () => {
  const scheduler = createScheduler(limits());
  arrive(scheduler, entry('1', onA));
  expect(() => arrive(scheduler, entry('1', onA))).toThrow(expect.objectContaining({ code: 'internal' }));
});

/** Place a is better and full, place b is free: who may wait until 500 is told to. */
function patientLimits(more: Partial<SchedulerLimits> = {}): SchedulerLimits {
  return limits({
    place: (_entry, free, at) => (free.every((one) => one.backendId === 'b') && at !== undefined && at < 500 ? { until: 500 } : placed(free[0])),
    ...more,
  });
}

const onBoth = [candidate('a'), candidate('b')];

test('who may wait for a better place starts there when it frees, or elsewhere when the patience is over', () => {
  const scheduler = createScheduler(patientLimits());
  arrive(scheduler, entry('1', onBoth));
  expect(arrive(scheduler, entry('2', onBoth, { deadlineAt: 900 }))).toEqual([]);
  expect(arrive(scheduler, entry('3', onBoth, { arrivedAt: 1 }))).toEqual([]);
  expect(scheduler.nextDeadline()).toBe(500);
  expect(said(leave(scheduler, '1', 100))).toEqual(['2 on a/m']);
  expect(scheduler.nextDeadline()).toBe(500);
  expect(said(scheduler.dispatch({ type: 'tick', at: 500 }))).toEqual(['3 on b/m']);
  expect(scheduler.nextDeadline()).toBeNull();
});

test('an earlier deadline comes before the end of a patience, and a line that is empty has neither', () => {
  const scheduler = createScheduler(patientLimits());
  arrive(scheduler, entry('1', onBoth));
  arrive(scheduler, entry('2', onBoth));
  arrive(scheduler, entry('3', onA, { deadlineAt: 200 }));
  expect(scheduler.nextDeadline()).toBe(200);
  leave(scheduler, '3', 100);
  leave(scheduler, '2', 100);
  expect(scheduler.nextDeadline()).toBeNull();
});

test('who would be refused for waiting does not wait for a better place', () => {
  const full = createScheduler(patientLimits({ globalMaxQueued: 0 }));
  arrive(full, entry('1', onBoth));
  expect(said(arrive(full, entry('2', onBoth)))).toEqual(['2 on b/m']);
  expect(said(arrive(full, entry('3', onBoth)))).toEqual(['3: queue_full']);
  const late = createScheduler(patientLimits());
  arrive(late, entry('1', onBoth));
  expect(said(arrive(late, entry('2', onBoth, { deadlineAt: 0 })))).toEqual(['2 on b/m']);
});

test('a choice that is free at last is taken before the next model in the list', () => {
  const scheduler = createScheduler(patientLimits());
  arrive(scheduler, entry('1', onBoth));
  expect(arrive(scheduler, entry('2', [...onBoth, candidate('c', 'second')]))).toEqual([]);
  expect(said(leave(scheduler, '1', 10))).toEqual(['2 on a/m']);
});

test('limits are asked of the candidates themselves, so that what is known of them may be kept with them', () => {
  const asked = new Set<unknown>();
  const note = (one: unknown): false => {
    asked.add(one);
    return false;
  };
  const scheduler = createScheduler(limits({ slots: () => 4, trial: note, modelTrial: note }));
  for (const [id, candidates] of [['1', onA], ['2', onBoth]] as const) scheduler.dispatch({ type: 'arrive', at: 0, entry: entry(id, candidates) });
  expect([...asked].every((one) => [...onA, ...onBoth].includes(one as (typeof onA)[number]))).toBe(true);
  expect(asked.size).toBeGreaterThan(0);
});

test('a backend on trial gets one request, of whatever model, until that one has ended', () => {
  let trial = true;
  const scheduler = createScheduler(limits({ slots: () => 4, trial: (one) => trial && one.backendId === 'a' }));
  expect(said(arrive(scheduler, entry('1', onA)))).toEqual(['1 on a/m']);
  expect(arrive(scheduler, entry('2', onA))).toEqual([]);
  expect(arrive(scheduler, entry('3', [candidate('a', 'other')]))).toEqual([]);
  expect(said(arrive(scheduler, entry('4', onBoth)))).toEqual(['4 on b/m']);
  expect(said(leave(scheduler, '1'))).toEqual(['2 on a/m']);
  trial = false;
  expect(said(scheduler.dispatch({ type: 'fleet-changed', at: 0 }))).toEqual(['3 on a/other']);
});

test('of a model on trial one request at a time runs there; others of its server, and the model elsewhere, go on', () => {
  const scheduler = createScheduler(limits({ slots: () => 4, modelTrial: (one) => one.backendId === 'a' && one.modelKey === 'm' }));
  expect(said(arrive(scheduler, entry('1', onA)))).toEqual(['1 on a/m']);
  expect(arrive(scheduler, entry('2', onA))).toEqual([]);
  for (const id of ['3', '4']) expect(said(arrive(scheduler, entry(id, [candidate('a', 'other')])))).toEqual([`${id} on a/other`]);
  expect(said(arrive(scheduler, entry('5', onBoth)))).toEqual(['5 on b/m']);
  expect(leave(scheduler, '3')).toEqual([]);
  expect(said(leave(scheduler, '1'))).toEqual(['2 on a/m']);
});

test('a request that tries its model and its server is both: nothing else starts there, and of the model nothing when the server is well', () => {
  let trial = true;
  const scheduler = createScheduler(limits({ slots: () => 4, trial: () => trial, modelTrial: (one) => one.modelKey === 'm' }));
  expect(said(arrive(scheduler, entry('1', onA)))).toEqual(['1 on a/m']);
  expect(arrive(scheduler, entry('2', onA))).toEqual([]);
  expect(arrive(scheduler, entry('3', [candidate('a', 'other')]))).toEqual([]);
  trial = false;
  expect(said(scheduler.dispatch({ type: 'fleet-changed', at: 0 }))).toEqual(['3 on a/other']);
  expect(said(leave(scheduler, '1'))).toEqual(['2 on a/m']);
});

test('what ran before the trial began neither takes it nor ends it', () => {
  let trial = false;
  const scheduler = createScheduler(limits({ slots: () => 4, trial: () => trial }));
  arrive(scheduler, entry('old', onA));
  trial = true;
  expect(said(arrive(scheduler, entry('1', onA)))).toEqual(['1 on a/m']);
  expect(arrive(scheduler, entry('2', onA))).toEqual([]);
  expect(leave(scheduler, 'old')).toEqual([]);
  expect(said(leave(scheduler, '1'))).toEqual(['2 on a/m']);
});

test('who waits goes to a place that has come into being meanwhile, and keeps its turn', () => {
  const places = [candidate('a')];
  const open = new Set(['a']);
  const scheduler = createScheduler(limits({ available: ({ backendId }) => open.has(backendId) }));
  const waiting = (id: string): Entry => ({ ...entry(id, [...places]), candidatesNow: () => [...places] });
  arrive(scheduler, waiting('1'));
  arrive(scheduler, waiting('2'));
  arrive(scheduler, waiting('3'));
  places.splice(0, 1, candidate('b'), candidate('c'));
  open.add('b').add('c').delete('a');
  expect(said(scheduler.dispatch({ type: 'fleet-changed', at: 1 }))).toEqual(['2 on b/m', '3 on c/m']);
});

test('who could run nowhere any more keeps waiting for the place that it had', () => {
  const open = new Set<string>();
  const scheduler = createScheduler(limits({ available: ({ backendId }) => open.has(backendId) }));
  arrive(scheduler, { ...entry('1', onA), candidatesNow: () => [] });
  expect(scheduler.dispatch({ type: 'fleet-changed', at: 1 })).toEqual([]);
  open.add('a');
  expect(said(scheduler.dispatch({ type: 'fleet-changed', at: 2 }))).toEqual(['1 on a/m']);
});

test('a request that is refused keeps no node empty, even when it came at the very moment at which another gave up', () => {
  const scheduler = createScheduler(limits({ globalMaxQueued: 1, agingPointsPerSecond: 0, exclusive: (key) => key === 'big' }));
  const onNode = (backendId: string, model: string) => [candidate(backendId, model, 'n')];
  // A model of which nothing runs is not refused.
  arrive(scheduler, entry('elsewhere', [candidate('c', 'big', 'other')]));
  arrive(scheduler, entry('runs', onNode('a', 'm')));
  arrive(scheduler, entry('wants the node', onNode('a', 'big'), { deadlineAt: 1, bounded: false }));
  expect(arrive(scheduler, entry('waits behind', onNode('b', 'm')))).toEqual([]);
  const effects = scheduler.dispatch({ type: 'arrive', at: 1, entry: entry('too many', onNode('a', 'big'), { priority: 'high', arrivedAt: 1 }) });
  expect(said(effects)).toEqual(['wants the node: queue_timeout', 'too many: queue_full', 'waits behind on b/m']);
});
