import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editJson, editValue, type JsonChange, type JsonEdit, type JsonPath } from './json-edit.ts';

const set = (path: JsonPath, value: unknown): JsonEdit => ({ path, change: { kind: 'set', value } });
const remove = (path: JsonPath): JsonEdit => ({ path, change: { kind: 'remove' } });

test('a value deep inside is replaced and every other byte stays, odd spaces and long numbers included', () => {
  const text = ' {"seed": 12345678901234567890123 , "m":[ {"r":"a\\u00e9" ,"c":[{"t":"old"},1.0 ]},{}]}\n';
  expect(editJson(text, [set(['m', 0, 'c', 0, 't'], 'n"w')])).toBe(text.replace('"old"', '"n\\"w"'));
});

test('elements and members that go take exactly one comma with them', () => {
  expect(editJson('{"m":[1,2,3],"x":1}', [remove(['m', 0])])).toBe('{"m":[2,3],"x":1}');
  expect(editJson('{"m":[1,2,3],"x":1}', [remove(['m', 2]), remove(['m', 1])])).toBe('{"m":[1],"x":1}');
  expect(editJson('{"m":[1],"x":1}', [remove(['m', 0]), remove(['x'])])).toBe('{"m":[]}');
});

test('elements are put in another order as they were written, and appended', () => {
  const text = '{"tools":[{"n":"b","v":1.0},{"n" : "a"}],"c":[ ]}';
  const order: JsonEdit = { path: ['tools'], change: { kind: 'order', positions: [1, 0] } };
  expect(editJson(text, [order, { path: ['c'], change: { kind: 'append', value: 'x' } }])).toBe('{"tools":[{"n" : "a"},{"n":"b","v":1.0}],"c":[ "x"]}');
});

test('of duplicate members the last is edited, as it is the one that JSON.parse keeps', () => {
  expect(editJson('{"a":{"b":1},"a":{"b":2}}', [set(['a', 'b'], 3)])).toBe('{"a":{"b":1},"a":{"b":3}}');
});

test('what is no object or array where a path leads on is the router\'s own fault', () => {
  expect(() => editJson('{"a":1}', [set(['a', 'b'], 1)])).toThrow(expect.objectContaining({ code: 'internal' }));
});

/** Some path that exists in a value, chosen by numbers. */
function pathIn(value: unknown, choices: readonly number[]): JsonPath {
  const path: (string | number)[] = [];
  let at = value;
  for (const choice of choices) {
    if (typeof at !== 'object' || at === null) break;
    const keys: readonly (string | number)[] = Array.isArray(at) ? at.map((_, index) => index) : Object.keys(at);
    const key = keys[choice % Math.max(1, keys.length)];
    if (key === undefined) break;
    path.push(key);
    at = (at as Record<string | number, unknown>)[key];
  }
  return path;
}

test('an edited text says what the edited value says', () => {
  const json = fc.jsonValue({ maxDepth: 4 }).filter((value) => typeof value === 'object' && value !== null);
  const change = fc.oneof(fc.constant<JsonChange>({ kind: 'remove' }), fc.jsonValue().map((value): JsonChange => ({ kind: 'set', value })));
  fc.assert(
    fc.property(json, fc.array(fc.tuple(fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), change), { maxLength: 4 }), fc.constantFrom(undefined, 1, '\t'), (value, wanted, space) => {
      const edits = wanted.map(([choices, what]) => ({ path: pathIn(value, choices), change: what })).filter((edit) => edit.path.length > 0);
      // One edit below another has no meaning.
      const alone = edits.filter((edit) => !edits.some((other) => other !== edit && other.path.every((step, index) => step === edit.path[index])));
      expect(JSON.parse(editJson(JSON.stringify(value, null, space), alone))).toEqual(JSON.parse(JSON.stringify(editValue(value, alone))));
    }),
    { numRuns: 400 },
  );
});
