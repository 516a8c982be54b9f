/** Scores worked out by hand from the table of the user's description. */
import { expect, test } from 'vitest';
import { backend, fleet, load, policy, spec, table } from '../../test/fakes/brain.ts';
import type { Load, ModelSpec } from './routing.ts';
import { type ScoreInput, scoreOf } from './score.ts';
import { specView } from './spec-view.ts';

const base: ScoreInput = { taskType: 'simple_chat', complexity: 'medium', route: [], preferred: [], freeVramMb: undefined, policy };

function score(model: ModelSpec, input: Partial<ScoreInput>, world: { resident?: readonly string[] | null; load?: Load } = {}) {
  const view = specView(model.name, { table: table([model]), fleet: fleet([backend('a', { models: [model.name], resident: world.resident === undefined ? [] : world.resident })]), load: world.load ?? load(), slots: () => 1 });
  return scoreOf(view, { ...base, ...input });
}

test('"Hello" to the first model of the route, no VRAM known: 100 + 50 + 50 + 25 + 15', () => {
  const small = spec('small:1b', { purpose: ['simple_chat'], costClass: 'low', sizeGb: 1 });
  const { total, terms } = score(small, { route: ['small:1b'], complexity: 'light' });
  expect(total.toFixed(1)).toBe('240.0');
  expect(terms).toEqual([
    { signal: 'start', value: 100, unit: 'points' },
    { signal: 'route', value: 50, unit: 'points' },
    { signal: 'priority', value: 50, unit: 'points' },
    { signal: 'purpose', value: 25, unit: 'points' },
    { signal: 'light-low', value: 15, unit: 'points' },
  ]);
});

test.each([
  [0, 50], [1, 42], [6, 2], [7, 0], [9, 0],
])('place %i in the route is worth %i', (index, points) => {
  const route = Array.from({ length: 10 }, (_, at) => (at === index ? 'm' : `other-${at}`));
  expect(score(spec('m', { priority: 0 }), { route }).total).toBe(100 + points);
});

test('off the route is worth nothing, and priority may be negative', () => {
  expect(score(spec('m', { priority: -7 }), { route: ['other'] }).total).toBe(93);
});

test('the preferred lose ten points a place, below zero too', () => {
  const preferred = Array.from({ length: 10 }, (_, at) => (at === 9 ? 'm' : `other-${at}`));
  expect(score(spec('m', { priority: 0 }), { preferred: ['m'] }).total).toBe(180);
  expect(score(spec('m', { priority: 0 }), { preferred }).total).toBe(90);
});

test('a heavy task likes a high cost class, a light one a low one', () => {
  expect(score(spec('m', { priority: 0, costClass: 'high' }), { complexity: 'heavy' }).total).toBe(120);
  expect(score(spec('m', { priority: 0, costClass: 'low' }), { complexity: 'heavy' }).total).toBe(100);
  expect(score(spec('m', { priority: 0, costClass: 'low' }), { complexity: 'light' }).total).toBe(115);
});

test('room in VRAM counts for a model that must be loaded: 5 GB and 1 GB of reserve are 6144 MB', () => {
  const big = spec('m', { priority: 0, sizeGb: 5 });
  expect(score(big, { freeVramMb: 6144 + 5120 }).total).toBe(110);
  expect(score(big, { freeVramMb: 100_000 }).total).toBe(125);
  expect(score(big, { freeVramMb: 6144 }).total).toBe(100);
  expect(score(big, { freeVramMb: 6143 }).total).toBe(40);
});

test('a model in memory gets 20 and no VRAM term; one whose server cannot say gets neither (AR-D23)', () => {
  const big = spec('m', { priority: 0, sizeGb: 50 });
  expect(score(big, { freeVramMb: 1000 }, { resident: ['m:latest'] }).total).toBe(120);
  expect(score(big, { freeVramMb: 1000 }, { resident: null }).total).toBe(100);
});

test('18 for each that waits, 25 for each that runs, 80 more when it wants to be alone', () => {
  const busy = load({ m: 2 }, { m: 1 });
  expect(score(spec('m', { priority: 0 }), {}, { load: busy }).total).toBe(100 - 36 - 25);
  expect(score(spec('m', { priority: 0, exclusive: true }), {}, { load: busy }).total).toBe(100 - 36 - 25 - 80);
});
