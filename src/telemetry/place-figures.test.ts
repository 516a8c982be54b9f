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

test('tokens of the last ten seconds count, older ones are forgotten', () => {
  const clock = new FakeClock();
  const figures = new PlaceFigures(clock);
  const record = (completionTokens: number, backendId = 'east'): void => figures.record(traceOf('1', { attempts: [attemptOn(backendId)], usage: { completionTokens } }));
  record(100);
  clock.advance(5_000);
  record(50, 'west');
  expect([figures.tokensPerSecond(), figures.tokensPerSecond('east'), figures.tokensPerSecond('west', 'a:1b'), figures.tokensPerSecond('west', 'b:1b')]).toEqual([15, 10, 5, 0]);
  clock.advance(5_000);
  expect(figures.tokensPerSecond()).toBe(5);
  clock.advance(60_000);
  expect(figures.tokensPerSecond()).toBe(0);
});
