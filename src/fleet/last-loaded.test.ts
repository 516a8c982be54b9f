import { expect, test } from 'vitest';
import type { BackendReport } from '../core/fleet.ts';
import { LastLoaded } from './last-loaded.ts';

const loaded = (...names: readonly string[]): BackendReport => ({ models: [], resident: names.map((name) => ({ name })) });

test('a model that left memory is remembered for half an hour, and forgotten when it is back', () => {
  const last = new LastLoaded();
  last.compare('a', null, loaded('m:latest', 'n'), 0);
  expect(last.leftAt('a', 'm')).toBeUndefined();
  last.compare('a', loaded('m:latest', 'n'), loaded('n'), 5000);
  expect(last.leftAt('a', 'm')).toBe(5000);
  expect(last.leftAt('b', 'm')).toBeUndefined();
  last.compare('a', loaded('n'), loaded('m', 'n'), 6000);
  expect(last.leftAt('a', 'm')).toBeUndefined();
  last.compare('a', loaded('m', 'n'), loaded(), 7000);
  last.compare('a', loaded(), loaded(), 7000 + 1_800_000);
  expect(last.leftAt('a', 'm')).toBeUndefined();
});

test('one that sleeps is not in memory', () => {
  const last = new LastLoaded();
  last.compare('a', loaded('m'), { models: [], resident: [{ name: 'm', sleeping: true }] }, 9);
  expect(last.leftAt('a', 'm')).toBe(9);
});

test('one that answered, or was deleted, is not one that left', () => {
  const last = new LastLoaded();
  last.compare('a', loaded('m'), loaded(), 9);
  last.forget('a', 'm:latest');
  expect(last.leftAt('a', 'm')).toBeUndefined();
});
