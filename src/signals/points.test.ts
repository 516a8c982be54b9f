/** The seven signals in points, by the totals that contract fleet part 2.2 was verified with. Sizes are in gigabytes of 2^30 bytes. */
import { describe, expect, test } from 'vitest';
import { backend, candidate } from '../../test/fakes/brain.ts';
import { signals } from './index.gen.ts';
import type { MachineView, SignalView } from './signal.ts';

const gb = 2 ** 30;
const machine = (more: Partial<MachineView> = {}): MachineView => ({ totalBytes: 64 * gb, pressure: 'normal', freeBytes: 40 * gb, residentBytes: 0, ...more });
const cold: SignalView = {
  backend: backend('a'), resident: null, speed: {}, runningModel: 0, warmElsewhere: false, readTokens: 0, running: 0, pendingPromptTokens: 0, pendingCompletionTokens: 0, slots: 1,
  promptTokens: 100, machine: machine(), memoryBytes: 5 * gb, idleBytes: 0, runningOnNode: 0,
};
/** 8192 tokens of context for 100 of prompt: more than eight times. */
const hot: SignalView = { ...cold, resident: { name: 'm', sizeBytes: 5 * gb, contextLength: 8192 } };

function termsOf(view: SignalView): Record<string, number | string> {
  return Object.fromEntries(signals.filter((one) => one.unit === 'points').map((one) => [one.id, one.term(candidate('a'), view)] as const).map(([id, term]) => [id, typeof term === 'number' ? term : term.veto]));
}

function totalOf(view: SignalView): number {
  return Object.values(termsOf(view)).reduce<number>((sum, term) => sum + (typeof term === 'number' ? term : Number.NaN), 0);
}

const bandwidth = (gbps: number): MachineView => machine({ bandwidthGbps: gbps, bandwidthRatio: 1 });
const capacity = (availability: number, more: object = {}): MachineView => machine({ capacity: { mode: 'full', availability, reason: 'currently_busy', overridden: false, confidence: 1, daysObserved: 30, ...more } });

describe('verified totals', () => {
  test.each<[string, SignalView, number]>([
    ['hot 8B on 64 GB', hot, 93],
    ['warm', { ...cold, leftMemoryMsAgo: 1_799_999 }, 58],
    ['no longer warm after half an hour', { ...cold, leftMemoryMsAgo: 1_800_000 }, 38],
    ['cold', cold, 38],
    ['5 GB with 8 GB free', { ...cold, machine: machine({ freeBytes: 8 * gb }) }, 33],
    ['5 GB with 6.5 GB free', { ...cold, machine: machine({ freeBytes: 6.5 * gb }) }, 26],
    ['5 GB with 5.5 GB free', { ...cold, machine: machine({ freeBytes: 5.5 * gb }) }, 21],
    ['small and hot at 819 GB/s', { ...hot, machine: bandwidth(819) }, 88],
    // The old system gave 25 for the role and so 110; ruling 7 has 15 at most.
    ['40 GB and hot at 819 GB/s', { ...hot, memoryBytes: 40 * gb, machine: bandwidth(819) }, 100],
    ['middling and hot at 400 GB/s', { ...hot, memoryBytes: 10 * gb, machine: bandwidth(400) }, 94],
    ['availability 0.5 adds 5', { ...hot, machine: capacity(0.5) }, 98],
    ['a prompt of 6,000 characters', { ...hot, promptTokens: 1504 }, 90],
    ['of 12,000', { ...hot, promptTokens: 3004 }, 85.5],
    ['of 40,000', { ...hot, promptTokens: 10_004 }, 63],
  ])('%s', (_what, view, expected) => {
    expect(totalOf(view)).toBe(expected);
  });
});

test.each<[string, SignalView, number]>([
  ['one that is being loaded counts as loaded', { ...cold, runningModel: 1 }, 50],
  ['a server that cannot say has it as likely as not', { ...cold, resident: 'unknown' }, 30],
])('thermal: %s', (_what, view, expected) => {
  expect(termsOf(view).thermal).toBe(expected);
});

test.each<[string, Partial<SignalView>, number | string]>([
  ['more than twice', { machine: machine({ freeBytes: 10.1 * gb }) }, 20],
  ['just twice', { machine: machine({ freeBytes: 10 * gb }) }, 15],
  ['exactly', { machine: machine({ freeBytes: 5 * gb }) }, 3],
  ['the owner leaves 6.5 GB of 40', { machine: machine({ ceilingBytes: 6.5 * gb }) }, 8],
  ['too little', { machine: machine({ freeBytes: 4 * gb }) }, 'the model takes 5.0 GB, and 4.0 GB can be had there'],
  ['too little, but an idle model can go', { machine: machine({ freeBytes: 4 * gb, residentBytes: 3 * gb }), idleBytes: 3 * gb }, 0],
  ['a busy one cannot', { machine: machine({ freeBytes: 4 * gb, residentBytes: 3 * gb }), idleBytes: 0 }, 'the model takes 5.0 GB, and 4.0 GB can be had there'],
  ['under the ceiling beside busy models is too little', { machine: machine({ ceilingBytes: 8 * gb, residentBytes: 4 * gb }) }, 'the model takes 5.0 GB, and 4.0 GB can be had there'],
  ['a graphics card counts, not what is beside it', { machine: machine({ freeBytes: 6.5 * gb, besideBytes: 60 * gb }) }, 8],
  ['what does not fit on the card is put beside it', { machine: machine({ freeBytes: 2 * gb, besideBytes: 60 * gb }) }, 0],
  ['until that is full too', { machine: machine({ freeBytes: 2 * gb, besideBytes: 2 * gb }) }, 'the model takes 5.0 GB, and 4.0 GB can be had there'],
  ['a card that does not say how full it is', { machine: { totalBytes: 64 * gb, pressure: 'normal', besideBytes: 0, residentBytes: 0 } }, 0],
  ['nothing reports', { machine: null }, 0],
  ['a size that nobody knows', { memoryBytes: undefined as never }, 0],
  ['a server that cannot say what it has loaded is not ruled out', { resident: 'unknown', machine: machine({ freeBytes: 0 }) }, 0],
  ['critical, though it is loaded', { resident: { name: 'm' }, machine: machine({ pressure: 'critical' }) }, 'its memory is all but used up'],
  ['loaded, however full', { resident: { name: 'm' }, machine: machine({ freeBytes: 0, pressure: 'warn' }) }, 20],
])('memory-fit: %s', (_what, more, expected) => {
  expect(termsOf({ ...cold, ...more })['memory-fit']).toBe(expected);
});

test.each<[string, Partial<SignalView>, number]>([
  ['three of any model', { runningOnNode: 3 }, -18],
  ['at most 30', { runningOnNode: 12 }, -30],
  ['twice the middle bandwidth', { runningOnNode: 3, machine: machine({ bandwidthRatio: 2 }) }, -9],
  ['no more than four times', { runningOnNode: 8, machine: machine({ bandwidthRatio: 100 }) }, -12],
  ['no less than a quarter', { runningOnNode: 1, machine: machine({ bandwidthRatio: 0.01 }) }, -24],
  ['nothing reports', { runningOnNode: 2, machine: null }, -12],
])('queue-depth: %s', (_what, more, expected) => {
  expect(termsOf({ ...cold, ...more })['queue-depth']).toBe(expected);
});

test.each<[string, Partial<SignalView>, number]>([
  ['an idle machine', { speed: { p75Ms: 90_000 } }, 0],
  ['two times 20 seconds', { runningOnNode: 2, speed: { p75Ms: 20_000 } }, -4],
  ['at most 25', { runningOnNode: 9, speed: { p75Ms: 90_000 } }, -25],
  // 100 tokens at 100/5 a second.
  ['never seen, 5 GB', { runningOnNode: 2 }, -1],
  // 100 tokens at 1.2 · 400 / (40/10) a second.
  ['never seen, 40 GB at 400 GB/s', { runningOnNode: 3, memoryBytes: 40 * gb, machine: bandwidth(400) }, -0.25],
  ['never slower than ten tokens a second', { runningOnNode: 1, memoryBytes: 400 * gb, machine: bandwidth(68) }, -1],
  ['nothing is known', { runningOnNode: 3, memoryBytes: undefined as never, machine: null }, 0],
])('latency-history: %s', (_what, more, expected) => {
  expect(termsOf({ ...cold, ...more })['latency-history']).toBeCloseTo(expected, 10);
});

test.each<[number, number, number]>([
  [40, 128, 15], [40, 125.6, 15], [40, 64, 5], [40, 31.2, 5], [40, 16, 0], [21, 128, 15],
  [20, 16, 5], [10, 512, 5], [8, 64, 5],
  [7.9, 32, 15], [5, 16, 15], [5, 64, 8], [5, 128, 8], [5, 192, 3],
])('role-affinity: %d GB on a machine of %d GB', (sizeGb, totalGb, expected) => {
  expect(termsOf({ ...cold, memoryBytes: sizeGb * gb, machine: machine({ totalBytes: totalGb * gb, freeBytes: 600 * gb }) })['role-affinity']).toBe(expected);
});

test.each<[string, MachineView | null, number | string]>([
  ['nobody learns', machine(), 0],
  ['nothing reports', null, 0],
  ['all free', capacity(1), 10],
  ['0.75, and in an hour 0.25', capacity(0.75, { trend: -0.5 }), 5],
  ['never more than ten', capacity(0.9, { trend: 1 }), 10],
  ['never less than nothing', capacity(0.2, { trend: -1 }), 0],
  ['learning serves', capacity(0.1, { mode: 'bootstrap' }), 0],
  ['paused', capacity(0.9, { mode: 'paused', reason: 'meeting_detected' }), 'its owner needs the machine (meeting_detected)'],
  ['below a fifth', capacity(0.19), 'its owner needs the machine (currently_busy)'],
])('availability: %s', (_what, on, expected) => {
  expect(termsOf({ ...cold, machine: on }).availability).toBe(expected);
});

test.each([[99, -15], [100, 3], [150, 7.5], [300, 12], [800, 15]])('context-fit: %d tokens for a prompt of 100', (contextLength, expected) => {
  expect(termsOf({ ...cold, resident: { name: 'm', contextLength } })['context-fit']).toBe(expected);
});

test('context-fit: a context that nobody knows, and an empty prompt', () => {
  expect(termsOf({ ...cold, resident: { name: 'm' } })['context-fit']).toBe(0);
  expect(termsOf({ ...hot, promptTokens: 0 })['context-fit']).toBe(15);
});

test('a backend whose machine reports nothing gets points for what its server says alone', () => {
  expect(totalOf({ ...hot, machine: null })).toBe(85);
  expect(totalOf({ ...cold, machine: null })).toBe(10);
});
