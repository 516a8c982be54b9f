import fc from 'fast-check';
import { expect, test } from 'vitest';
import { grammarSchema } from './grammar-schema.ts';

test('a plain schema passes as it is', () => {
  const schema = { type: 'object', properties: { city: { type: 'string', maxLength: 20 }, tags: { type: 'array', items: { enum: ['a', 'b'] }, minItems: 1 } } };
  expect(grammarSchema({ ...schema, required: ['city'], additionalProperties: false, title: 'T', $schema: 'x' })).toEqual({ schema, dropped: [] });
});

test('anyOf becomes oneOf, a list of types becomes a choice, definitions become $defs', () => {
  const { schema, dropped } = grammarSchema({
    properties: { a: { anyOf: [{ type: 'string' }, { type: 'null' }] }, b: { type: ['integer', 'null'] }, c: { $ref: '#/definitions/node' } },
    definitions: { node: { type: 'object', properties: { next: { $ref: '#/definitions/node' } } } },
  });
  expect(dropped).toEqual([]);
  expect(schema).toEqual({
    type: 'object',
    properties: { a: { oneOf: [{ type: 'string' }, { type: 'null' }] }, b: { oneOf: [{ type: 'integer' }, { type: 'null' }] }, c: { $ref: '#/$defs/node' } },
    $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } },
  });
});

test('an object without listed properties may hold anything, unless it says it may not', () => {
  expect(grammarSchema({ type: 'object' }).schema).toEqual({ type: 'object', additionalProperties: true });
  expect(grammarSchema({ type: 'object', additionalProperties: false }).schema).toEqual({ type: 'object' });
});

test.each([
  [{ type: 'string', pattern: '^a' }, ['pattern']],
  [{ type: 'string', format: 'email' }, ['format']],
  [{ type: 'object', properties: { age: { type: 'integer', minimum: 0 } } }, ['properties.age.minimum']],
  [{ allOf: [{ type: 'string' }, { minLength: 1 }] }, ['allOf']],
  [{ type: 'array', uniqueItems: true, items: { not: {} } }, ['uniqueItems', 'items.not']],
  [{ $ref: 'https://elsewhere/schema' }, ['$ref']],
])('what no grammar holds is named: %j', (schema, dropped) => {
  expect(grammarSchema(schema).dropped).toEqual(dropped);
});

test('limits that every integer keeps, and dates, are held', () => {
  expect(grammarSchema({ type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }).dropped).toEqual([]);
  expect(grammarSchema({ type: 'string', format: 'date' })).toEqual({ schema: { type: 'string', format: 'date' }, dropped: [] });
});

test('any JSON at all is survived', () => {
  fc.assert(fc.property(fc.jsonValue(), (schema) => {
    expect(typeof grammarSchema(schema).schema).toBe('object');
  }));
});
