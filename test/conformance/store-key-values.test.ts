/** What the keys and values of every store driver must do. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drivers } from '../../src/store/index.gen.ts';
import type { KeyListing, KeyValueStore } from '../../src/store/store.ts';
import { withStore } from './store-bed.ts';

interface Entry {
  readonly key: string;
  readonly value: string;
  readonly expiresAt: number | null;
}

const keys = ['a/1', 'a/2', 'a/é', 'a', 'A/1', 'ab/1', 'b%/1', 'b_/1', 'b/1'];
const prefixes = ['', 'a/', 'a', 'b%', 'b_', 'z'];
const key = fc.constantFrom(...keys);
const time = fc.nat(20);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ call: fc.constant('put' as const), key, value: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')), expiresAt: fc.option(time) }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('delete' as const), key }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('trim' as const), prefix: fc.constantFrom(...prefixes), most: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('list' as const), prefix: fc.constantFrom(...prefixes), limit: fc.integer({ min: 1, max: 4 }), headChars: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('sweep' as const), now: time }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('wait' as const), ms: fc.nat(5) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What is kept, oldest write first, and the time it is. */
class Model {
  kept: Entry[] = [];
  now = 0;

  live(wanted: string): Entry | undefined {
    return this.kept.find((entry) => entry.key === wanted && (entry.expiresAt === null || entry.expiresAt > this.now));
  }

  without(gone: (entry: Entry) => boolean): number {
    const before = this.kept.length;
    this.kept = this.kept.filter((entry) => !gone(entry));
    return before - this.kept.length;
  }
}

async function take(kv: KeyValueStore, model: Model, asked: Step): Promise<void> {
  switch (asked.call) {
    case 'put': {
      const { key: name, value, expiresAt } = asked;
      model.without((entry) => entry.key === name);
      model.kept.push({ key: name, value, expiresAt });
      return kv.put(name, value, expiresAt);
    }
    case 'delete': {
      const there = model.live(asked.key) !== undefined;
      model.without((entry) => entry.key === asked.key);
      return expect(await kv.delete(asked.key)).toBe(there);
    }
    case 'trim': {
      const found = model.kept.filter((entry) => entry.key.startsWith(asked.prefix));
      const gone = new Set(found.slice(0, Math.max(0, found.length - asked.most)));
      return expect(await kv.trim(asked.prefix, asked.most)).toBe(model.without((entry) => gone.has(entry)));
    }
    case 'list': {
      const { prefix, limit, headChars } = asked;
      const found: KeyListing[] = [];
      for (let page = await kv.list({ prefix, limit, headChars }); page.length > 0; page = await kv.list({ prefix, limit, headChars, before: page.at(-1)!.key })) found.push(...page);
      const live = model.kept.filter((entry) => entry.key.startsWith(prefix) && model.live(entry.key) === entry).reverse();
      return expect(found).toEqual(live.map(({ key: name, value, expiresAt }) => ({ key: name, head: [...value].slice(0, headChars).join(''), bytes: Buffer.byteLength(value), expiresAt })));
    }
    case 'sweep': return expect(await kv.sweep(asked.now)).toBe(model.without((entry) => entry.expiresAt !== null && entry.expiresAt <= asked.now));
    case 'wait': model.now += asked.ms; return;
    default: return asked satisfies never;
  }
}

describe.each(drivers.map((driver) => [driver.kind, driver] as const))('%s', (_kind, driver) => {
  test('any sequence of calls does what the contract says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        const model = new Model();
        return withStore(driver, async ({ kv }) => {
          for (const asked of steps) await take(kv, model, asked);
          for (const one of keys) expect(await kv.get(one)).toBe(model.live(one)?.value ?? null);
        }, () => model.now);
      }),
      { numRuns: 40 },
    );
  });

  test('a value is there until its time is over, and gone at that very moment', () => {
    let now = 0;
    return withStore(driver, async ({ kv }) => {
      await kv.put('key', 'value', 1_000);
      now = 999.5;
      expect(await kv.get('key')).toBe('value');
      now = 1_000;
      expect(await kv.get('key')).toBeNull();
      expect(await kv.delete('key')).toBe(false);
    }, () => now);
  });

  test('only the newest of a kind stay, and a value that is written again is new', () =>
    withStore(driver, async ({ kv }) => {
      for (const name of ['answer:1', 'answer:2', 'answer:3', 'other:1']) await kv.put(name, name, null);
      await kv.put('answer:1', 'again', null);
      expect(await kv.trim('answer:', 2)).toBe(1);
      expect(await Promise.all(['answer:1', 'answer:2', 'answer:3', 'other:1'].map((name) => kv.get(name)))).toEqual(['again', null, 'answer:3', 'other:1']);
    }));

  test('a megabyte of text comes back as it was', () =>
    withStore(driver, async ({ kv }) => {
      const value = JSON.stringify({ text: 'ü€😀\n"'.repeat(150_000) });
      await kv.put('large', value, null);
      expect(await kv.get('large')).toBe(value);
    }));

  test('a closed store rejects and says so', async () => {
    const { kv } = await withStore(driver, async (open) => open);
    await expect(kv.get('key')).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(kv.put('key', 'value', null)).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
