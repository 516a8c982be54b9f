/** What the counted tokens of every store driver must do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MinuteUsage, SpanUsage, UsageTotal } from '../../src/core/usage.ts';
import { drivers } from '../../src/store/index.gen.ts';
import type { UsageStore } from '../../src/store/store.ts';
import { withStore } from './store-bed.ts';

const day = 86_400;
const models = ['big', 'small', 'small:latest'];

function minute(backend: string, model: string, at: number, promptTokens: number, completionTokens: number, requests = 1): MinuteUsage {
  return { backend, model, at, requests, promptTokens, completionTokens };
}

const row = fc
  .record({ backend: fc.constantFrom('east', 'west'), model: fc.constantFrom(...models), minutes: fc.nat(4 * 1_440), requests: fc.nat(3), promptTokens: fc.nat(1e9), completionTokens: fc.nat(1e9) })
  .map(({ minutes, ...rest }): MinuteUsage => ({ ...rest, at: minutes * 60 }));
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ call: fc.constant('add' as const), writer: fc.constantFrom('one', 'two'), number: fc.nat(6), rows: fc.array(row, { maxLength: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('rollUp' as const), before: fc.nat(4 * day), trim: fc.boolean() }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Every row that was taken in, with the span it stands in now. */
class Model {
  rows: SpanUsage[] = [];
  readonly last = new Map<string, number>();

  take(asked: Step): boolean | number {
    if (asked.call === 'add') {
      if (asked.number <= (this.last.get(asked.writer) ?? -1)) return false;
      this.last.set(asked.writer, asked.number);
      this.rows.push(...asked.rows.map((one) => ({ ...one, spanSeconds: 60 as const })));
      return true;
    }
    const old = this.rows.filter((one) => one.spanSeconds === 60 && one.at < asked.before);
    const days = new Set(old.map((one) => `${one.backend} ${one.model} ${Math.floor(one.at / day)}`));
    if (asked.trim) this.rows = this.rows.map((one) => (old.includes(one) ? { ...one, at: Math.floor(one.at / day) * day, spanSeconds: day } : one));
    return days.size;
  }

  summed<Kept extends UsageTotal>(strip: (one: SpanUsage) => Kept, key: (one: SpanUsage) => string): Kept[] {
    return [...groupBy(this.rows, key).values()].map((group) => ({
      ...strip(group[0]!),
      requests: sum(group, 'requests'),
      promptTokens: sum(group, 'promptTokens'),
      completionTokens: sum(group, 'completionTokens'),
    }));
  }
}

function groupBy(rows: readonly SpanUsage[], key: (one: SpanUsage) => string): Map<string, SpanUsage[]> {
  const groups = new Map<string, SpanUsage[]>();
  for (const one of rows) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return groups;
}

function sum(rows: readonly UsageTotal[], name: 'requests' | 'promptTokens' | 'completionTokens'): number {
  return rows.reduce((total, one) => total + one[name], 0);
}

const totalName = (one: UsageTotal): string => `${one.backend} ${one.model}`;
const spanName = (one: SpanUsage): string => `${totalName(one)} ${one.spanSeconds} ${one.at}`;

async function expectSame(usage: UsageStore, model: Model): Promise<void> {
  const totals = model.summed(({ at: _at, spanSeconds: _span, ...total }): UsageTotal => total, totalName);
  expect(await usage.totals()).toEqual(totals.sort((a, b) => (totalName(a) < totalName(b) ? -1 : 1)));
  const spans = model.summed((one) => one, spanName);
  const found = await usage.series({ models, limit: 1_000 });
  expect([...found].sort((a, b) => (spanName(a) < spanName(b) ? -1 : 1))).toEqual(spans.sort((a, b) => (spanName(a) < spanName(b) ? -1 : 1)));
  expect(found.map((one) => one.at)).toEqual(found.map((one) => one.at).sort((a, b) => b - a));
}

describe.each(drivers.map((driver) => [driver.kind, driver] as const))('%s', (_kind, driver) => {
  test('any sequence of calls does what the contract says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), (steps) =>
        withStore(driver, async ({ usage }) => {
          const model = new Model();
          for (const asked of steps) expect(await (asked.call === 'add' ? usage.add(asked) : usage.rollUp(asked.before, asked.trim))).toBe(model.take(asked));
          await expectSame(usage, model);
        })),
      { numRuns: 40 },
    );
  });

  test('a batch that is written again, or late, adds nothing; those of other writers are their own', () =>
    withStore(driver, async ({ usage }) => {
      const rows = [minute('a', 'm', 60, 10, 1)];
      expect(await usage.add({ writer: 'one', number: 2, rows })).toBe(true);
      expect(await usage.add({ writer: 'one', number: 2, rows })).toBe(false);
      expect(await usage.add({ writer: 'one', number: 1, rows })).toBe(false);
      expect(await usage.add({ writer: 'two', number: 1, rows })).toBe(true);
      expect(await usage.totals()).toEqual([{ backend: 'a', model: 'm', requests: 2, promptTokens: 20, completionTokens: 2 }]);
    }));

  test('rolling up again, with or without letting minutes go, never counts a day twice, and nothing is lost (PX-D18)', () =>
    withStore(driver, async ({ usage }) => {
      await usage.add({ writer: 'w', number: 1, rows: [minute('a', 'm', 60, 10, 1), minute('a', 'm', 120, 20, 2), minute('b', 'm', 60, 5, 5), minute('a', 'm', day + 60, 7, 7), minute('a', 'm', 3 * day, 1, 1)] });
      const all = { models: ['m'], limit: 100 };
      const before = await usage.series(all);
      expect([await usage.rollUp(2 * day, false), await usage.rollUp(2 * day, false)]).toEqual([3, 3]);
      expect(await usage.series(all)).toEqual(before);
      expect([await usage.rollUp(2 * day, true), await usage.rollUp(2 * day, true), await usage.rollUp(2 * day, false)]).toEqual([3, 0, 0]);
      const after = [
        { ...minute('a', 'm', 3 * day, 1, 1), spanSeconds: 60 },
        { ...minute('a', 'm', day, 7, 7), spanSeconds: day },
        { ...minute('a', 'm', 0, 30, 3, 2), spanSeconds: day },
        { ...minute('b', 'm', 0, 5, 5), spanSeconds: day },
      ];
      expect(await usage.series(all)).toEqual(after);
      // What comes late for a day that was rolled up joins it the next time.
      await usage.add({ writer: 'w', number: 2, rows: [minute('a', 'm', 180, 100, 10)] });
      expect(await usage.rollUp(2 * day, true)).toBe(1);
      expect((await usage.series(all))[2]).toEqual({ ...minute('a', 'm', 0, 130, 13, 3), spanSeconds: day });
      expect(await usage.totals()).toMatchObject([{ backend: 'a', promptTokens: 138, completionTokens: 21 }, { backend: 'b', promptTokens: 5 }]);
    }));

  test('a series is of the models asked for, from the time asked for, and no longer than asked for', () =>
    withStore(driver, async ({ usage }) => {
      const rows = Array.from({ length: 10 }, (_, index) => minute('a', index % 2 === 0 ? 'm' : 'm:latest', index * 60, index, 0));
      await usage.add({ writer: 'w', number: 1, rows: [...rows, minute('a', 'other', 60, 1, 1)] });
      expect((await usage.series({ models: ['m'], limit: 2 })).map((one) => one.at)).toEqual([480, 360]);
      expect((await usage.series({ models: ['m', 'm:latest'], since: 420, limit: 100 })).map((one) => one.at)).toEqual([540, 480, 420]);
      expect(await usage.series({ models: ['nobody'], limit: 100 })).toEqual([]);
      expect(await usage.series({ models: [], limit: 100 })).toEqual([]);
    }));

  test('a closed store rejects and says so', async () => {
    const { usage } = await withStore(driver, async (open) => open);
    await expect(usage.totals()).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(usage.add({ writer: 'w', number: 1, rows: [] })).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
