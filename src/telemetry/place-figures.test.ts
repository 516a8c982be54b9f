import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { attemptOn, refusedTrace, traceOf } from '../../test/fakes/traces.ts';
import { PlaceFigures } from './place-figures.ts';

test('each place counts what happened there, a failed try included', () => {
  const figures = new PlaceFigures(new FakeClock());
  figures.record(traceOf('1', { attempts: [attemptOn('west', { error: 'backend_timeout', reaped: true }), attemptOn('east', { endedMs: 80 })], usage: { promptTokens: 10, completionTokens: 5, loadMs: 3_000, cachedTokens: 4 } }));
  figures.record(traceOf('2', { attempts: [attemptOn('east', { endedMs: 20 })], usage: { promptTokens: 30, completionTokens: 7, loadMs: 2 } }));
  figures.record(traceOf('3', { attempts: [attemptOn('east', { error: 'cancelled' })], outcome: 'cancelled' }));
  expect(figures.of('west', 'a:1b')).toMatchObject({ completed: 0, failed: 1, reaped: 1 });
  expect(figures.of('east', 'a:1b')).toMatchObject({ completed: 2, failed: 0, reaped: 0, totalMs: 100, promptTokens: 40, completionTokens: 12, loadsTold: 2, coldLoads: 1, cacheTold: 1, cachePrompt: 10, cacheHits: 4 });
  expect(figures.of('north', 'a:1b')).toBeUndefined();
});

test('who was turned away is counted by the name they asked for, up to a bound', () => {
  const figures = new PlaceFigures(new FakeClock());
  for (let index = 0; index < 3_000; index += 1) figures.record(refusedTrace(String(index), { requestedModel: `made-up-${index}`, error: 'queue_full' }));
  figures.record(refusedTrace('x', { requestedModel: 'made-up-0', error: 'queue_timeout' }));
  figures.record(refusedTrace('y', { requestedModel: 'unknown', error: 'unknown_model' }));
  expect([figures.rejected.size, figures.rejected.get('made-up-0'), figures.rejected.get('unknown')]).toEqual([1_000, 2, undefined]);
});

test('tokens count while they pass, for two seconds; each place for itself', () => {
  const clock = new FakeClock();
  const figures = new PlaceFigures(clock);
  const [east, west] = [figures.meter('east', 'a:1b'), figures.meter('west', 'a:1b')];
  for (let chunk = 0; chunk < 40; chunk += 1) {
    east.passed(1);
    if (chunk % 2 === 0) west.passed(1);
    clock.advance(100);
  }
  const speeds = (): readonly number[] => [figures.tokensPerSecond(), figures.tokensPerSecond('east'), figures.tokensPerSecond('west', 'a:1b'), figures.tokensPerSecond('west', 'b:1b')];
  expect(speeds()).toEqual([15, 10, 5, 0]);
  clock.advance(1_000);
  expect(speeds()).toEqual([7.5, 5, 2.5, 0]);
  clock.advance(1_000);
  expect(speeds()).toEqual([0, 0, 0, 0]);
  clock.advance(3_600_000);
  east.passed(4);
  expect(figures.tokensPerSecond()).toBe(2);
});

test('an answer that comes as a whole counts by how fast it was made, and no stream twice', () => {
  const clock = new FakeClock();
  const figures = new PlaceFigures(clock);
  const record = (endedMs: number, stream: boolean): void => figures.record(traceOf('1', { stream, attempts: [attemptOn('east', { endedMs })], usage: { completionTokens: 600 } }));
  record(20_000, false);
  expect(figures.tokensPerSecond()).toBe(30);
  record(20_000, true);
  expect(figures.tokensPerSecond()).toBe(30);
  clock.advance(2_250);
  expect(figures.tokensPerSecond()).toBe(0);
});

test('a load lasts from the first request that waits for it to the first that has it, or the last that gives up', () => {
  const clock = new FakeClock();
  const figures = new PlaceFigures(clock);
  const since = (): number | undefined => figures.loadingSince('east', 'a:1b');
  const began = clock.now();
  const first = figures.loading('east', 'a:1b');
  clock.advance(1_000);
  const second = figures.loading('east', 'a:1b');
  expect([since(), figures.loadingSince('east', 'b:1b')]).toEqual([began, undefined]);
  first(false);
  first(false);
  expect(since()).toBe(began);
  second(true);
  expect(since()).toBeUndefined();
  clock.advance(1_000);
  const third = figures.loading('east', 'a:1b');
  second(false);
  expect(since()).toBe(began + 2_000);
  third(false);
  expect(since()).toBeUndefined();
});
