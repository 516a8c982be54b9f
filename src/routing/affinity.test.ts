import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AffinityTable, type Pin } from './affinity.ts';

const on = (backendId: string, tokens = 10): Pin => ({ backendId, model: 'm', tokens });

test('a conversation is where it was last, for as long after each turn as the time to live says', () => {
  const table = new AffinityTable(1000);
  table.remember(1, on('a'), 0);
  expect(table.find(1, 999)).toMatchObject(on('a'));
  table.remember(1, on('b', 20), 999);
  expect(table.find(1, 1998)).toMatchObject(on('b', 20));
  expect(table.find(1, 1999)).toBeNull();
  expect(table.find(2, 0)).toBeNull();
});

test('the one that was used longest ago makes room for a new one', () => {
  const table = new AffinityTable(1000, 2);
  table.remember(1, on('a'), 0);
  table.remember(2, on('b'), 1);
  table.remember(1, on('a'), 2);
  table.remember(3, on('c'), 3);
  expect([1, 2, 3].map((one) => table.find(one, 4)?.backendId)).toEqual(['a', undefined, 'c']);
});

test('the entries are those that hold now, with their ends', () => {
  const table = new AffinityTable(1000);
  table.remember(1, on('a'), 0);
  table.remember(2, on('b'), 500);
  expect(table.entries(1000)).toEqual([{ ...on('b'), expiresAt: 1500 }]);
});

test('it never holds more than it may, and nothing that has expired for long', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ conversation: fc.nat(20), wait: fc.nat(400) }), { maxLength: 100 }), (turns) => {
      const table = new AffinityTable(1000, 5);
      let at = 0;
      const last = new Map<number, number>();
      for (const { conversation, wait } of turns) {
        at += wait;
        table.remember(conversation, on('a'), at);
        last.set(conversation, at);
        expect(table.entries(at).length).toBeLessThanOrEqual(5);
        expect(table.find(conversation, at)).not.toBeNull();
      }
      for (const [conversation, usedAt] of last) if (at - usedAt >= 1000) expect(table.find(conversation, at)).toBeNull();
    }),
  );
});
