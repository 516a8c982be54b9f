import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/clock.ts';
import { BlobPlaces } from './model-blobs.ts';
import { RecentModels } from './model-recent.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

test('who holds all files of a model is known, in any form of their names', () => {
  const blobs = new BlobPlaces(new FakeClock());
  blobs.holds('a', digest('1'));
  blobs.holds('b', digest('1'));
  blobs.holds('b', digest('a'));
  expect([...blobs.holdersOf([digest('1')])]).toEqual(['a', 'b']);
  expect([...blobs.holdersOf([digest('1'), digest('A').replace('sha256:', 'sha256-')])]).toEqual(['b']);
  expect([...blobs.holdersOf([digest('1'), digest('9')])]).toEqual([]);
});

test('ten thousand names that somebody made up are forgotten again', () => {
  const blobs = new BlobPlaces(new FakeClock());
  for (let count = 0; count < 10_001; count += 1) blobs.holds('a', `sha256:${String(count).padStart(64, '0')}`);
  expect(blobs.holdersOf([`sha256:${'0'.repeat(64)}`]).size).toBe(0);
  expect(blobs.holdersOf([`sha256:${'1'.padStart(64, '0')}`]).size).toBe(1);
});

test('uploads belong together for an hour', () => {
  const clock = new FakeClock();
  const blobs = new BlobPlaces(clock);
  expect(blobs.last).toBeNull();
  blobs.uploadsTo('a');
  clock.advance(3_600_000);
  expect(blobs.last).toBe('a');
  clock.advance(1);
  expect(blobs.last).toBeNull();
});

test('a model that was just got is known until the lists show it', () => {
  const clock = new FakeClock();
  const recent = new RecentModels(clock);
  recent.got('a', 'M:latest');
  expect([recent.has('a', 'm'), recent.has('b', 'm')]).toEqual([true, false]);
  recent.lost('a', 'm');
  expect(recent.has('a', 'm')).toBe(false);
  recent.got('a', 'm');
  clock.advance(10_001);
  expect(recent.has('a', 'm')).toBe(false);
});
