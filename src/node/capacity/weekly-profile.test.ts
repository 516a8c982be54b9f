import { expect, test } from 'vitest';
import { localHours } from './local-hour.ts';
import { emptyProfile, expectedFree, fadedTo, halfLifeMs, usualBorrowing, withHour } from './weekly-profile.ts';

test('an hour counts half after fifteen days', () => {
  const profile = withHour(emptyProfile, 9, { free: 1, loadPct: 4, coverage: 1 }, 0);
  const slot = fadedTo(profile[9]!, 15 * 86_400_000);
  expect(halfLifeMs).toBe(15 * 86_400_000);
  expect([slot.weight, slot.free, slot.load]).toEqual([0.5, 0.5, 2]);
});

test('what was never seen is what is usual; what was seen often is what was seen', () => {
  expect(new Set(expectedFree(emptyProfile, 0))).toEqual(new Set([usualBorrowing.priorFree]));
  let profile = emptyProfile;
  for (let week = 0; week < 8; week += 1) profile = withHour(profile, 33, { free: 0, loadPct: 80, coverage: 1 }, week * 7 * 86_400_000);
  const expected = expectedFree(profile, 8 * 7 * 86_400_000);
  expect(expected[33]).toBeLessThan(0.15);
  // The hour beside it and the same hour of another day are less likely free, Sunday night is as before.
  for (const other of [32, 34, 57]) expect(expected[other]).toBeLessThan(usualBorrowing.priorFree);
  expect(expected[160]).toBe(usualBorrowing.priorFree);
});

test('days that go differently teach each other nothing', () => {
  let profile = emptyProfile;
  for (let week = 0; week < 6; week += 1) {
    for (let hour = 0; hour < 168; hour += 1) {
      // Saturday and Sunday are free, and Monday's morning was never seen.
      const seen = hour >= 12;
      if (seen) profile = withHour(profile, hour, { free: hour >= 120 || hour % 24 < 8 ? 1 : 0, loadPct: 0, coverage: 1 }, (week * 168 + hour) * 3_600_000);
    }
  }
  expect(expectedFree(profile, 6 * 168 * 3_600_000)[10]).toBeLessThan(0.35);
});

test.each([
  // Central European summer time ends: the hour from two to three comes twice.
  ['2024-10-26T23:30:00Z', 6 * 24 + 1],
  ['2024-10-27T00:30:00Z', 6 * 24 + 2],
  ['2024-10-27T01:30:00Z', 6 * 24 + 2],
  ['2024-10-27T02:30:00Z', 6 * 24 + 3],
  // It begins: that hour is left out.
  ['2024-03-31T00:59:59Z', 6 * 24 + 1],
  ['2024-03-31T01:00:00Z', 6 * 24 + 3],
])('%s in Berlin is hour %d of the week', (instant, slot) => {
  expect(localHours('Europe/Berlin')(Date.parse(instant)).slot).toBe(slot);
});

test('a zone with an odd offset has its own hours and days', () => {
  const hour = localHours('Asia/Kathmandu');
  expect(hour(Date.parse('2024-01-01T18:14:00Z'))).toEqual({ slot: 23, day: 19_723 });
  expect(hour(Date.parse('2024-01-01T18:16:00Z'))).toEqual({ slot: 24, day: 19_724 });
});
