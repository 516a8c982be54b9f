import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ggufOf } from '../../../test/fakes/archives.ts';
import { parseGgufHeader } from './gguf-header.ts';

test('name and architecture are found among values of every kind', () => {
  const head = ggufOf({ 'general.architecture': 'llama', 'general.file_type': 3, 'general.languages': ['en', 'pl'], 'general.name': 'Smollm2 135M' });
  expect(parseGgufHeader(head)).toEqual({ name: 'Smollm2 135M', architecture: 'llama' });
});

test('what is not GGUF is null', () => {
  expect(parseGgufHeader(Buffer.from('PK\u0003\u0004 something else, long enough to hold a header'))).toBeNull();
  expect(parseGgufHeader(Buffer.from('GGUF'))).toBeNull();
});

test('a head cut anywhere is still GGUF and gives what was whole', () => {
  const head = ggufOf({ 'general.architecture': 'llama', 'tokenizer.tokens': ['a', 'b'], 'general.name': 'Cut' });
  fc.assert(fc.property(fc.integer({ min: 24, max: head.length }), (length) => {
    const header = parseGgufHeader(head.subarray(0, length));
    expect(header).not.toBeNull();
    expect([undefined, 'llama']).toContain(header?.architecture);
    expect([undefined, 'Cut']).toContain(header?.name);
  }));
});

test('hostile lengths neither throw nor hang', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (rest) => {
    expect(parseGgufHeader(Buffer.concat([Buffer.from('GGUF'), Buffer.from([3, 0, 0, 0]), Buffer.alloc(8), Buffer.alloc(8, 0xff), Buffer.from(rest)]))).not.toBeNull();
  }));
});
