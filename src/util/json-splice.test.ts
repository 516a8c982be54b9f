import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spliceTopLevel } from './json-splice.ts';

const edits = (entries: Record<string, string | null>): ReadonlyMap<string, string | null> => new Map(Object.entries(entries));

test('a replaced value leaves every other byte alone, numbers JavaScript cannot hold included', () => {
  const text = '{ "model" : "old",\n\t"seed":12345678901234567890123, "t": 1.0 ,"x":{"a":1,"a":2,"model":"in"}}\n';
  expect(spliceTopLevel(text, edits({ model: '"new"' }))).toBe('{ "model" : "new",\n\t"seed":12345678901234567890123, "t": 1.0 ,"x":{"a":1,"a":2,"model":"in"}}\n');
});

test('a removed member takes exactly one comma with it, wherever it stands', () => {
  expect(spliceTopLevel('{"router":1,"b":2}', edits({ router: null }))).toBe('{"b":2}');
  expect(spliceTopLevel('{"a":1,"router":{"x":[1,{}]},"b":2}', edits({ router: null }))).toBe('{"a":1,"b":2}');
  expect(spliceTopLevel('{"a":1,"router":"}"}', edits({ router: null }))).toBe('{"a":1}');
  expect(spliceTopLevel('{"router":null}', edits({ router: null }))).toBe('{}');
});

test('an absent member is appended before the closing brace, also into an empty object', () => {
  expect(spliceTopLevel('{"a":1}', edits({ keep_alive: '"5m"' }))).toBe('{"a":1,"keep_alive":"5m"}');
  expect(spliceTopLevel('{"a":1 }\r\n', edits({ b: '2' }))).toBe('{"a":1 ,"b":2}\r\n');
  expect(spliceTopLevel('{ }', edits({ b: '2' }))).toBe('{ "b":2}');
  expect(spliceTopLevel('{"router":1}', edits({ router: null, b: '2' }))).toBe('{"b":2}');
});

test('keys are compared as JSON reads them, and all duplicates are edited', () => {
  expect(spliceTopLevel('{"mo\\u0064el":"a","model":"b"}', edits({ model: '"c"' }))).toBe('{"mo\\u0064el":"c","model":"c"}');
  expect(spliceTopLevel('{"model":"a","x":1,"model":"b"}', edits({ model: null }))).toBe('{"x":1}');
  expect(spliceTopLevel('{"żółw\\"":1,"a":2}', edits({ 'żółw"': null }))).toBe('{"a":2}');
});

test('quotes and backslashes at the end of strings do not end them early', () => {
  const text = '{"a":"\\\\","b":"\\"}","c":"\\\\\\"","model":"m"}';
  expect(spliceTopLevel(text, edits({ model: '"n"' }))).toBe(text.replace('"m"', '"n"'));
});

test('nothing to change gives back the very same text', () => {
  const text = '{"a": [1, 2 , {"router": 1}]}';
  expect(spliceTopLevel(text, edits({ router: null }))).toBe(text);
});

test('what is not an object is refused', () => {
  for (const text of ['[1]', '"a"', '', '{"a":1', '{"a" 1}', '{"a":"b', '{"a":[1}']) {
    expect(() => spliceTopLevel(text, edits({ a: '1' }))).toThrow();
  }
});

const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const key = fc.oneof(fc.constantFrom('model', 'router', 'options', 'a', '', '"', '\\', '__proto__'), fc.string({ unit: 'grapheme', maxLength: 6 }));
const member = fc.record({ key, value: fc.jsonValue({ maxDepth: 3 }), escaped: fc.boolean(), spaces: fc.tuple(space, space, space, space) });

/** Writes a key with every character as an escape, which JSON reads as the same key. */
function escapeAll(name: string): string {
  const units = Array.from({ length: name.length }, (_, index) => `\\u${name.charCodeAt(index).toString(16).padStart(4, '0')}`);
  return `"${units.join('')}"`;
}

test('for any object and edits: JSON.parse agrees, and members that are not edited keep their bytes', () => {
  const anyEdits = fc.array(fc.tuple(key, fc.option(fc.jsonValue({ maxDepth: 2 }), { nil: undefined })), { maxLength: 4 });
  fc.assert(fc.property(fc.array(member, { maxLength: 6 }), anyEdits, space, (members, changes, edge) => {
    const segments = members.map(({ key: name, value, escaped, spaces }) =>
      ({ name, bytes: `${spaces[0]}${escaped ? escapeAll(name) : JSON.stringify(name)}${spaces[1]}:${spaces[2]}${JSON.stringify(value)}${spaces[3]}` }));
    const text = `${edge}{${segments.map((one) => one.bytes).join(',')}}${edge}`;
    const map = new Map(changes.map(([name, value]) => [name, value === undefined ? null : JSON.stringify(value)]));
    const result = spliceTopLevel(text, map);

    const expected = new Map(Object.entries(JSON.parse(text) as Record<string, unknown>));
    for (const [name, value] of map) {
      if (value === null) expected.delete(name);
      else expected.set(name, JSON.parse(value));
    }
    expect(new Map(Object.entries(JSON.parse(result) as Record<string, unknown>))).toEqual(expected);

    let from = 0;
    for (const one of segments.filter((segment) => !map.has(segment.name))) {
      const found = result.indexOf(one.bytes, from);
      expect(found).toBeGreaterThanOrEqual(0);
      from = found + one.bytes.length;
    }
  }), { numRuns: 300 });
});
