import { expect, test } from 'vitest';
import { averageLoad, classifyActivity } from './activity.ts';
import { chanceFree, usualPersistence } from './forecast.ts';
import { capacityOf, type Judged } from './verdict.ts';

const gib = 1024 ** 3;
const learned: Judged = { meeting: false, sustained: null, availability: 1, trend: 0, freeNow: 1, usualLoadPct: 5, confidence: 0.8, daysObserved: 30 };

test.each([
  [0.19, 64, 'paused', 0],
  [0.2, 64, 'learned_low', 8],
  [0.39, 256, 'learned_low', 16],
  [0.4, 64, 'learned_medium', 16],
  [0.59, 256, 'learned_medium', 32],
  [0.6, 64, 'learned_high', 32],
  [0.79, 256, 'learned_high', 64],
  [0.8, 100, 'full', 80],
])('availability %d of %d GiB is %s with a ceiling of %d GiB', (availability, total, mode, ceiling) => {
  expect(capacityOf({ ...learned, availability, totalBytes: total * gib })).toMatchObject({ mode, ceilingBytes: ceiling * gib });
});

test('without the size of the memory there is no ceiling', () => {
  expect(capacityOf(learned)).not.toHaveProperty('ceilingBytes');
});

test.each([
  [{ availability: 0.9 }, 'high_availability'],
  [{ availability: 0.7 }, 'good_availability'],
  [{ availability: 0.5 }, 'moderate_availability'],
  [{ availability: 0.3 }, 'low_availability'],
  [{ availability: 0.3, freeNow: 0.2 }, 'currently_busy'],
  [{ availability: 0.3, usualLoadPct: 61 }, 'historically_busy_slot'],
  [{ sustained: 'cpu' } as const, 'sustained_high_cpu'],
  [{ sustained: 'gpu' } as const, 'currently_busy'],
  [{ meeting: true, sustained: 'cpu' } as const, 'meeting_detected'],
  [{ daysObserved: 6 }, 'bootstrap_observation_period'],
  [{ override: { mode: 'paused', by: 'owner' } as const }, 'manual_override'],
])('%j: %s', (facts, reason) => {
  expect(capacityOf({ ...learned, ...facts }).reason).toBe(reason);
});

test.each([
  [{ loadPct: 86 }, 'intensive'],
  [{ loadPct: 61, networkBytesPerSecond: 500_001 }, 'intensive'],
  [{ loadPct: 61, networkBytesPerSecond: 100 }, 'heavy'],
  [{ loadPct: 60, networkBytesPerSecond: 500_001 }, 'moderate'],
  [{ loadPct: 36 }, 'moderate'],
  [{ loadPct: 35 }, 'light'],
  [{ loadPct: 11 }, 'light'],
  [{ loadPct: 5, memoryPct: 71 }, 'light'],
  [{ loadPct: 5, memoryPct: 70 }, 'idle'],
  [{}, undefined],
])('%j is %s', (load, activity) => {
  expect(classifyActivity(load)).toBe(activity);
});

test('a game is a load even where the processor has little to do', () => {
  expect(classifyActivity(averageLoad([{ at: 0, cpuPct: 20, gpuPct: 95 }]))).toBe('intensive');
});

test('while something heavy runs, the hours to come are less likely free; more so the next, and with something heavier', () => {
  const today = { recent: 0.4, surprise: 0 };
  const of = (activity: 'moderate' | 'heavy' | 'intensive', ahead: number) => chanceFree(0.9, 0.9, ahead, { ...today, activity }, usualPersistence);
  expect(of('moderate', 1) - of('heavy', 1)).toBeGreaterThan(0.05);
  expect(of('heavy', 1)).toBeGreaterThan(of('intensive', 1));
  expect(of('moderate', 1) - of('heavy', 1)).toBeGreaterThan(of('moderate', 8) - of('heavy', 8));
  expect(of('moderate', 24) - of('heavy', 24)).toBeLessThan(0.01);
});
