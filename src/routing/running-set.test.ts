import { expect, test } from 'vitest';
import { candidate, entry } from '../../test/fakes/brain.ts';
import { RunningSet } from './running-set.ts';

test('what runs is told by backend and the name the model has there, and stays the same object until it changes', () => {
  const running = new RunningSet();
  const on = (id: string, backendId: string, model: string): void => running.add(entry(id, []), { ...candidate(backendId, 'm'), model, total: 0, why: [] }, false);
  const told = (): unknown => Object.fromEntries([...running.byBackend()].map(([id, models]) => [id, Object.fromEntries(models)]));
  expect(told()).toEqual({});
  on('1', 'a', 'm:latest');
  on('2', 'a', 'm:latest');
  on('3', 'b', 'm');
  expect(told()).toEqual({ a: { 'm:latest': 2 }, b: { m: 1 } });
  expect(running.byBackend()).toBe(running.byBackend());
  const before = running.byBackend();
  running.remove('1');
  running.remove('3');
  on('4', 'c', 'm');
  expect(running.byBackend()).not.toBe(before);
  expect(told()).toEqual({ a: { 'm:latest': 1 }, c: { m: 1 } });
});
