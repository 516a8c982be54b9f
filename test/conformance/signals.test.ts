/** What every signal promises, whatever it measures. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signals } from '../../src/signals/index.gen.ts';
import type { SignalView } from '../../src/signals/signal.ts';
import { backend, candidate } from '../fakes/brain.ts';

const count = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true }));
const optional = (value: fc.Arbitrary<number>) => fc.option(value, { nil: undefined });

/** All that a view may be, the values that backends report wrongly included. */
const anyView: fc.Arbitrary<SignalView> = fc
  .record({
    resident: fc.constantFrom(null, 'unknown' as const, { name: 'm' }, { name: 'm', sizeBytes: 5, vramBytes: 5 }),
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
