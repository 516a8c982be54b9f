/** What every signal promises, whatever it measures. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signals } from '../../src/signals/index.gen.ts';
import type { MachineView, SignalView } from '../../src/signals/signal.ts';
import { backend, candidate } from '../fakes/brain.ts';

const count = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true }));
const optional = (value: fc.Arbitrary<number>) => fc.option(value, { nil: undefined });

const share = fc.double({ min: 0, max: 1, noNaN: true });

const anyMachine: fc.Arbitrary<MachineView> = fc
  .record({
    totalBytes: count,
    pressure: fc.constantFrom('normal' as const, 'warn' as const, 'critical' as const),
    freeBytes: optional(count),
    besideBytes: optional(count),
    ceilingBytes: optional(count),
    residentBytes: count,
    bandwidthGbps: optional(count),
    bandwidthRatio: optional(count),
    capacity: fc.option(fc.record({ mode: fc.constantFrom('full', 'learned_low', 'paused', 'bootstrap'), availability: share, trend: optional(fc.double({ min: -1, max: 1, noNaN: true })), reason: fc.constant('x'), overridden: fc.boolean(), confidence: share, daysObserved: fc.nat(40) }), { nil: undefined }),
  })
  .map((machine) => JSON.parse(JSON.stringify(machine)) as MachineView);

/** All that a view may be, the values that backends report wrongly included. */
const anyView: fc.Arbitrary<SignalView> = fc
  .record({
    resident: fc.constantFrom(null, 'unknown' as const, { name: 'm' }, { name: 'm', sizeBytes: 5, vramBytes: 5 }, { name: 'm', contextLength: 4096 }),
    speed: fc.record({ promptTokensPerSecond: optional(count), completionTokensPerSecond: optional(count), loadMs: optional(count) }),
    sizeBytes: optional(count),
    runningModel: fc.nat(8),
    warmElsewhere: fc.boolean(),
    readTokens: count,
    running: fc.nat(100),
    pendingPromptTokens: count,
    pendingCompletionTokens: count,
    slots: fc.nat(8),
    promptTokens: count,
    ownerUse: optional(share),
    machine: fc.option(anyMachine),
    memoryBytes: optional(count),
    idleBytes: optional(count),
    runningOnNode: fc.nat(100),
    leftMemoryMsAgo: optional(count),
  })
  .map((view) => ({ ...JSON.parse(JSON.stringify(view)), backend: backend('a') }));

test('ids are unique', () => {
  expect(new Set(signals.map((signal) => signal.id)).size).toBe(signals.length);
  expect(signals.length).toBeGreaterThan(0);
});

test('what is saved is never more than what is spent: the milliseconds add up to 0 at least', () => {
  fc.assert(
    fc.property(anyView, (view) => {
      const terms = signals.filter((signal) => signal.unit === 'ms').map((signal) => signal.term(candidate('a'), view));
      const spent = terms.reduce<number>((sum, term) => sum + (typeof term === 'number' && term > 0 ? term : 0), 0);
      const saved = terms.reduce<number>((sum, term) => sum - (typeof term === 'number' && term < 0 ? term : 0), 0);
      return saved <= spent;
    }),
  );
});

/** Contract fleet part 2.2, and ruling 7. */
const bounds: Readonly<Record<string, readonly [least: number, most: number]>> = {
  thermal: [10, 50], 'memory-fit': [0, 20], 'queue-depth': [-30, 0], 'latency-history': [-25, 0], 'role-affinity': [0, 15], availability: [0, 10], 'context-fit': [-15, 15],
};

test.each(Object.entries(bounds))('%s: never outside of %j points', (id, [least, most]) => {
  const signal = signals.find((one) => one.id === id);
  fc.assert(
    fc.property(anyView, (view) => {
      const term = signal?.term(candidate('a'), view);
      return typeof term === 'object' || (term !== undefined && term >= least && term <= most && !Object.is(term, -0));
    }),
  );
});

test('what counts in points are the seven signals', () => {
  expect(signals.filter((signal) => signal.unit === 'points').map((signal) => signal.id).sort()).toEqual(Object.keys(bounds).sort());
});

describe.each(signals.map((signal) => [signal.id, signal] as const))('signal %s', (_id, signal) => {
  test('gives a finite number, or a veto with its reason', () => {
    fc.assert(
      fc.property(anyView, (view) => {
        const term = signal.term(candidate('a'), view);
        if (typeof term !== 'number') return term.veto.length > 0;
        return Number.isFinite(term);
      }),
    );
  });

  test('is pure: the same view gives the same term, and is left as it was', () => {
    fc.assert(
      fc.property(anyView, (view) => {
        const before = structuredClone(view);
        const first = signal.term(candidate('a'), view);
        expect(signal.term(candidate('a'), structuredClone(view))).toEqual(first);
        expect(view).toEqual(before);
      }),
    );
  });
});
