import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PassingMap } from './passing-map.ts';

test('in every order of calls it holds what a Map would', () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof(fc.record({ kind: fc.constant('set' as const), key, value: fc.nat() }), fc.record({ kind: fc.constant('take' as const), key }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const map = new Map<string, object>();
      const passing = new PassingMap<object>();
      for (const one of steps) {
        if (one.kind === 'set') {
          const value = { value: one.value };
          map.set(one.key, value);
          passing.set(one.key, value);
        } else {
          expect(passing.take(one.key)).toBe(map.get(one.key));
          map.delete(one.key);
        }
        expect([passing.size, [...passing.values()]]).toEqual([map.size, [...map.values()]]);
        for (const name of ['a', 'b', 'c']) expect([passing.has(name), passing.get(name)]).toEqual([map.has(name), map.get(name)]);
      }
    }),
  );
});
