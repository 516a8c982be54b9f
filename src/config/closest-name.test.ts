import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closestName, editDistance } from './closest-name.ts';

test.each([['', '', 0], ['a', '', 1], ['kitten', 'sitting', 3], ['prot', 'port', 1], ['flaw', 'lawn', 2]])('from %s to %s it is %d slips', (from, to, slips) => {
  expect(editDistance(from, to)).toBe(slips);
});

test('a distance is the same both ways, none for the same word, and at most the longer length', () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, a)).toBe(0);
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(editDistance(a, b) === 0).toBe(a === b);
    }),
  );
});

test('the closest name wins, and a far one is none', () => {
  expect(closestName('hst', ['port', 'host', 'hosts'])).toBe('host');
  expect(closestName('NODE_ID', ['nodeId', 'node'])).toBe('nodeId');
  expect(closestName('colour', ['port', 'host'])).toBeNull();
  expect(closestName('b', ['a'])).toBeNull();
});
