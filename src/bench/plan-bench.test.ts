import { expect, test } from 'vitest';
import { gib, nodeReport, nodeState } from '../../test/fakes/nodes.ts';
import type { BackendState, FleetView, Model } from '../core/fleet.ts';
import type { BenchForm } from './bench.ts';
import { planBench } from './plan-bench.ts';

const form: BenchForm = { mode: 'default', durationMs: 1000, kinds: ['llm', 'embed', 'image'], promptTokens: 16, answerTokens: 32, save: true };
const chat = (name: string, sizeGb = 4): Model => ({ name, sizeBytes: sizeGb * gib, capabilities: ['chat'] });
const embedder: Model = { name: 'e:1b', sizeBytes: gib, capabilities: ['embedding'] };

function backend(id: string, models: readonly Model[], resident: readonly string[] | null, more: Partial<BackendState> = {}): BackendState {
  return { id, kind: 'ollama', url: 'http://h', nodeId: id, status: 'up', report: { models, resident: resident?.map((name) => ({ name })) ?? null }, reportedAt: 0, priority: 0, tags: [], ...more };
}

function plan(backends: readonly BackendState[], wanted: Partial<BenchForm> = {}, { slots = 4, free = 100 * gib, availableGb = 40, allowed = (_: string): boolean => true } = {}) {
  const fleet: FleetView = { version: 1, backends, nodes: backends.map(({ id }) => nodeState(id, nodeReport(id, availableGb))), gpu: null, speed: () => ({}) };
  return planBench({ ...form, ...wanted }, { fleet, slots: () => slots, free: () => free, allowed });
}

const namesOf = (found: ReturnType<typeof plan>): readonly string[] => found.targets.map(({ model }) => model);

test('asks what is in memory, and what serves without saying what it holds; never what is paid by the token', () => {
  const backends = [backend('a', [chat('a:1b'), chat('b:1b')], ['a:1b']), backend('v', [chat('v:1b')], null, { kind: 'openai' }), backend('paid', [chat('p:1b')], null, { kind: 'anthropic' }), backend('down', [chat('d:1b')], ['d:1b'], { status: 'down' })];
  expect(namesOf(plan(backends))).toEqual(['a:1b', 'v:1b']);
});

test('nothing that is left alone after failures, alone or with its server', () => {
  const backends = [backend('a', [chat('a:1b'), chat('b:1b')], ['a:1b', 'b:1b'], { resting: { 'b:1b': 'open' } }), backend('c', [chat('c:1b')], ['c:1b'], { breaker: 'open' })];
  expect(namesOf(plan(backends))).toEqual(['a:1b']);
});

test('only the kinds that are wanted', () => {
  const backends = [backend('a', [chat('a:1b'), embedder], ['a:1b', 'e:1b'])];
  expect(plan(backends, { kinds: ['embed'] }).targets).toEqual([{ model: 'e:1b', kind: 'embed', most: 4 }]);
  expect(() => plan(backends, { kinds: ['image'] })).toThrow('No model of these kinds');
});

test('no more at once than slots, than six of a model, than the memory of the machine is good for, over all of its models', () => {
  const one = [backend('a', [chat('a:1b')], ['a:1b'])];
  expect(plan(one, {}, { slots: 2 }).workers).toBe(2);
  expect(plan(one, {}, { slots: 50 }).workers).toBe(6);
  expect(plan(one, {}, { slots: 50, availableGb: 7 }).workers).toBe(3);
  expect(plan(one, {}, { slots: 50, availableGb: 0 }).workers).toBe(1);
  const two = [backend('a', [chat('a:1b'), chat('b:1b')], ['a:1b', 'b:1b'])];
  expect(plan(two, {}, { slots: 50 }).targets.map(({ most }) => most)).toEqual([4, 4]);
  expect(plan([...one, backend('b', [chat('a:1b')], ['a:1b'])], {}, { slots: 3 }).targets).toEqual([{ model: 'a:1b', kind: 'llm', most: 6 }]);
});

test('who says how many at once gets them, up to the slots', () => {
  const one = [backend('a', [chat('a:1b')], ['a:1b'])];
  expect([plan(one, { concurrency: 3 }).workers, plan(one, { concurrency: 30 }, { slots: 20 }).workers]).toEqual([3, 20]);
});

test('named models are taken from disk; those that no machine has are refused and never pulled', () => {
  const backends = [backend('a', [chat('a:1b'), chat('b:1b:latest')], ['a:1b'])];
  expect(namesOf(plan(backends, { models: ['b:1b'] }))).toEqual(['b:1b:latest']);
  expect(() => plan(backends, { models: ['b:1b', 'nobody:1b'] })).toThrow('nobody:1b');
  expect(() => plan(backends, { models: ['b:1b'] }, { allowed: (name) => name === 'a:1b' })).toThrow('b:1b');
});

test('smart also takes what fits on disk beside it, kinds that nothing in memory is of first', () => {
  const backends = [backend('a', [chat('a:1b'), chat('small:1b', 3), chat('big:1b', 30), embedder], ['a:1b'])];
  expect(namesOf(plan(backends, { mode: 'smart' }, { free: 10 * gib }))).toEqual(['a:1b', 'e:1b', 'small:1b']);
  expect(namesOf(plan(backends, { mode: 'smart' }, { free: 80 * gib }))).toEqual(['a:1b', 'e:1b', 'small:1b', 'big:1b']);
  expect(namesOf(plan(backends, { mode: 'smart' }, { free: 2 * gib }))).toEqual(['a:1b', 'e:1b']);
  expect(namesOf(plan(backends))).toEqual(['a:1b']);
});
