import { expect, test } from 'vitest';
import { backend, fleet } from '../../test/fakes/brain.ts';
import { gib, nodeReport, nodeState } from '../../test/fakes/nodes.ts';
import type { Gpu } from '../../src/core/fleet.ts';
import type { NodeReport, NodeState } from '../../src/core/node.ts';
import { freeForModels, memoryIsShort, takesModel } from './memory-room.ts';

const gpu = (vramTotalMb: number, vramFreeMb: number, more: Partial<Gpu> = {}): Gpu => ({ index: 0, vramTotalMb, vramFreeMb, ...more });
const one = backend('one', { resident: [{ name: 'm', sizeBytes: 4 * gib }] });
const withNode = (state?: NodeState) => ({ ...fleet([one]), nodes: state === undefined ? [] : [state] });
const reporting = (availableGb: number, more: Partial<NodeReport> = {}) => withNode(nodeState('one', nodeReport('one', availableGb, more)));

test.each([
  ['nobody measured it', withNode(), null],
  ['a static machine', withNode(nodeState('one', null)), null],
  ['plenty', reporting(40), false],
  ['a fifth of 64 GiB', reporting(12.8), false],
  ['a little less than a fifth', reporting(12.7), true],
  ['pressure', reporting(40, { memory: { ...nodeReport('one', 40).memory, pressure: 'warn' } }), true],
  ['a GPU that is nearly full', reporting(40, { gpus: [gpu(24_000, 4000)] }), true],
  ['two GPUs, of which one is nearly full', reporting(40, { gpus: [gpu(24_000, 4000), gpu(24_000, 20_000)] }), false],
  ['a GPU without memory of its own', reporting(40, { gpus: [gpu(24_000, 100, { unified: true })] }), false],
])('memory is short, %s: %s', (_what, view, expected) => {
  expect(memoryIsShort(one, view)).toBe(expected);
});

test.each([
  ['nobody measured it', withNode(), undefined],
  ['the machine\'s', reporting(40), 40 * gib],
  ['the GPU\'s own', reporting(40, { gpus: [gpu(24_576, 8192)] }), 8 * gib],
  ['no more than the owner leaves, with what is loaded', reporting(40, { capacity: { mode: 'learned_low', ceilingBytes: 10 * gib, availability: 0.3, reason: 'x', overridden: false, confidence: 1, daysObserved: 9 } }), 6 * gib],
])('free for models, %s', (_what, view, expected) => {
  expect(freeForModels(one, view)).toBe(expected);
});

test.each<[string, NodeState | undefined, boolean]>([
  ['no node', undefined, true],
  ['online', nodeState('one'), true],
  ['told to drain', nodeState('one', undefined, { draining: true }), false],
  ['short of memory', nodeState('one', nodeReport('one', 40, { memory: { ...nodeReport('one', 40).memory, pressure: 'warn' } })), false],
  ['paused', nodeState('one', nodeReport('one', 40, { capacity: { mode: 'paused', availability: 0, reason: 'x', overridden: false, confidence: 1, daysObserved: 9 } })), false],
  ['not approved', nodeState('one', undefined, { status: 'waiting' }), false],
])('takes models, %s: %s', (_what, state, expected) => {
  expect(takesModel(one, 'm', withNode(state))).toBe(expected);
});

test('what is down or fails again and again takes none', () => {
  expect([backend('one', { status: 'down' }), backend('one', { breaker: 'open' })].map((state) => takesModel(state, 'm', withNode()))).toEqual([false, false]);
  const resting = backend('one', { resting: { m: 'half-open' } });
  expect([takesModel(resting, 'm:latest', withNode()), takesModel(resting, 'n', withNode()), takesModel(resting, 'constructor', withNode())]).toEqual([false, true, true]);
});
