import { expect, test } from 'vitest';
import { ownerHours } from '../../../test/fakes/owner-weeks.ts';
import type { OwnerSample } from './capacity.ts';
import { createLearner } from './learner.ts';
import { localHours } from './local-hour.ts';

const gib = 1024 ** 3;
const monday = Date.UTC(2024, 0, 1);
const hourMs = 3_600_000;
const utc = localHours('UTC');

const fresh = (memory?: Parameters<typeof createLearner>[0]['memory']) => createLearner({ localHour: utc, memory });

/** Feeds the same sample every 5 s, ends included. */
function feed(learner: ReturnType<typeof fresh>, sample: OwnerSample, from: number, to: number, stepMs = 5000): void {
  for (let at = from; at <= to; at += stepMs) learner.sample(sample, at);
}

const idle = { cpuPct: 3, gpuPct: 0, memoryPct: 40 };

test('it serves from the first sample on, with little confidence', () => {
  const learner = fresh();
  feed(learner, idle, monday, monday + 10_000);
  const capacity = learner.capacity(monday + 10_000, { totalBytes: 64 * gib });
  expect(capacity).toMatchObject({ mode: 'bootstrap', reason: 'bootstrap_observation_period', overridden: false, daysObserved: 0 });
  expect(capacity.availability).toBeGreaterThan(0.8);
  expect(capacity.ceilingBytes).toBe(Math.floor(0.8 * 64 * gib));
  expect(capacity.confidence).toBeLessThan(0.1);
});

test('while it learns, work of the owner already makes less of it', () => {
  const learner = fresh();
  feed(learner, { cpuPct: 50, memoryPct: 40 }, monday, monday + 600_000);
  const { mode, availability } = learner.capacity(monday + 600_000);
  expect(mode).toBe('bootstrap');
  expect(availability).toBeLessThan(0.6);
});

test('a week of the same days is known by its end, with more confidence every week', () => {
  const learner = fresh();
  let sure = 0;
  for (let day = 0; day < 21; day += 1) {
    for (let hour = 0; hour < 24; hour += 1) feed(learner, hour >= 9 && hour < 17 ? { cpuPct: 70, memoryPct: 60 } : idle, monday + (day * 24 + hour) * hourMs, monday + (day * 24 + hour + 1) * hourMs - 1, 300_000);
    if (day % 7 !== 6) continue;
    const { confidence, daysObserved } = learner.capacity(monday + (day + 1) * 24 * hourMs);
    expect(confidence).toBeGreaterThan(sure);
    expect(daysObserved).toBeGreaterThanOrEqual(day);
    sure = confidence;
  }
  const midnight = monday + 21 * 24 * hourMs;
  const night = learner.capacity(midnight);
  expect([night.mode, night.reason]).toEqual(['full', 'high_availability']);
  const chances = learner.forecast(midnight, 24);
  expect(chances[3]).toBeGreaterThan(0.8);
  expect(chances[11]).toBeLessThan(0.3);
  // At eight it is still free, and known not to stay so.
  feed(learner, idle, midnight, midnight + 8.5 * hourMs, 300_000);
  expect(learner.capacity(midnight + 8.5 * hourMs).trend).toBeLessThan(-0.2);
  // At half past nine the owner is late: some of it may be used, less than at night.
  feed(learner, idle, midnight + 8.5 * hourMs, midnight + 9.5 * hourMs, 300_000);
  expect(learner.capacity(midnight + 9.5 * hourMs).availability).toBeLessThan(night.availability);
  feed(learner, { cpuPct: 70, memoryPct: 60 }, midnight + 9.5 * hourMs, midnight + 10 * hourMs, 60_000);
  expect(learner.capacity(midnight + 10 * hourMs)).toMatchObject({ mode: 'learned_low', reason: 'currently_busy' });
});

test('a meeting pauses at once and ends with it', () => {
  const learner = fresh();
  feed(learner, idle, monday, monday + 600_000);
  learner.sample({ ...idle, meeting: true }, monday + 605_000);
  expect(learner.capacity(monday + 605_000, { totalBytes: 64 * gib })).toMatchObject({ mode: 'paused', availability: 0, ceilingBytes: 0, reason: 'meeting_detected' });
  feed(learner, { ...idle, meeting: false }, monday + 610_000, monday + 735_000);
  const after = learner.capacity(monday + 735_000);
  expect(after.mode).toBe('bootstrap');
  expect(after.availability).toBeGreaterThan(0.6);
});

test.each([
  [90, 115, 'bootstrap'],
  [90, 120, 'paused'],
  [84, 300, 'bootstrap'],
])('CPU at %d for %d s: %s', (cpuPct, seconds, mode) => {
  const learner = fresh();
  feed(learner, { cpuPct, memoryPct: 40 }, monday, monday + seconds * 1000);
  const capacity = learner.capacity(monday + seconds * 1000);
  expect(capacity.mode).toBe(mode);
  if (mode === 'paused') expect(capacity.reason).toBe('sustained_high_cpu');
});

test('so does a game that keeps the GPU busy', () => {
  const learner = fresh();
  feed(learner, { cpuPct: 25, gpuPct: 97 }, monday, monday + 120_000);
  expect(learner.capacity(monday + 120_000)).toMatchObject({ mode: 'paused', reason: 'currently_busy' });
});

test('after two quiet minutes a sustained load is over', () => {
  const learner = fresh();
  feed(learner, { cpuPct: 95 }, monday, monday + 300_000);
  expect(learner.capacity(monday + 300_000).reason).toBe('sustained_high_cpu');
  feed(learner, idle, monday + 305_000, monday + 430_000);
  expect(learner.capacity(monday + 430_000).mode).toBe('bootstrap');
});

test('what could not be told from inference teaches nothing', () => {
  const learner = fresh();
  feed(learner, {}, monday, monday + hourMs, 60_000);
  feed(learner, idle, monday + 24 * hourMs, monday + 24 * hourMs + 60_000);
  expect(learner.memory().slots.every(([weight]) => weight === 0)).toBe(true);
  expect(learner.activity(monday)).toBe('idle');
});

test('set by hand: the owner goes before a meeting, the router does not', () => {
  const learner = fresh();
  feed(learner, { cpuPct: 95, meeting: true }, monday, monday + 180_000);
  const at = monday + 180_000;
  expect(learner.capacity(at, { override: { mode: 'full', by: 'owner' }, totalBytes: 10 * gib })).toMatchObject({ mode: 'full', reason: 'manual_override', overridden: true, ceilingBytes: 8 * gib });
  expect(learner.capacity(at, { override: { mode: 'full', by: 'router' } })).toMatchObject({ mode: 'paused', reason: 'meeting_detected', overridden: false });
  learner.sample({ cpuPct: 95, meeting: false }, at + 5000);
  expect(learner.capacity(at + 5000, { override: { mode: 'full', by: 'router' } }).mode).toBe('full');
  expect(learner.capacity(at + 5000, { override: { mode: 'paused', by: 'router' } })).toMatchObject({ mode: 'paused', availability: 0, overridden: true });
});

test('a clock that is set back or leaps ahead spoils nothing', () => {
  const learner = fresh();
  for (const { samples } of ownerHours('office', 3, 11, 600_000)) for (const { at, sample } of samples) learner.sample(sample, at);
  const end = monday + 21 * 24 * hourMs;
  const before = learner.forecast(end, 24);
  learner.sample(idle, end + 400 * 24 * hourMs);
  learner.sample(idle, end - 5 * hourMs);
  feed(learner, idle, end - 5 * hourMs, end - 4 * hourMs, 60_000);
  const after = learner.forecast(end, 24);
  after.forEach((chance, hour) => {
    expect(chance).toBeGreaterThanOrEqual(0);
    expect(chance).toBeLessThanOrEqual(1);
    if (hour > 6) expect(Math.abs(chance - (before[hour] ?? 0))).toBeLessThan(0.15);
  });
});

test('a sleeping machine is not taken for a free one', () => {
  const learner = fresh();
  learner.sample(idle, monday + 1);
  learner.sample(idle, monday + 8 * hourMs);
  learner.sample(idle, monday + 9 * hourMs);
  expect(learner.memory().slots.reduce((sum, [weight]) => sum + weight, 0)).toBe(0);
});

test('what is kept over a year stays small, and a restart goes on where it was', () => {
  const learner = fresh();
  for (const { samples } of ownerHours('shift', 52, 12, 600_000)) for (const { at, sample } of samples) learner.sample(sample, at);
  const end = monday + 52 * 168 * hourMs;
  const written = JSON.stringify(learner.memory());
  expect(written.length).toBeLessThan(20_000);
  const again = fresh(JSON.parse(written));
  for (const one of [learner, again]) feed(one, idle, end, end + 60_000);
  again.forecast(end + 60_000, 24).forEach((chance, hour) => void expect(chance).toBeCloseTo(learner.forecast(end + 60_000, 24)[hour] ?? -1, 1));
  expect(again.capacity(end + 60_000).daysObserved).toBe(364);
}, 60_000);
