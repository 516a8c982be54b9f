import { describe, expect, test } from 'vitest';
import { readPieces, textOf } from './tokenizer.ts';

describe('tokens', () => {
  const long = 'x'.repeat(200);
  const file = Buffer.concat([...['<unk>', '<s>', '</s>', '\u2581Ever', 'żó'].map((piece) => Buffer.concat([Buffer.from([Buffer.byteLength(piece)]), Buffer.from(piece)])), Buffer.from([200 - 128 + 128, 1]), Buffer.from(long), Buffer.from([1, 0xc5]), Buffer.from([1, 0x82])]);

  test('become words; those that mark begin and end are none', () => {
    const pieces = readPieces(file);
    expect(pieces.map((piece) => piece.length)).toEqual([5, 3, 4, 7, 4, 200, 1, 1]);
    expect(textOf([1, 3, 4, 3, 6, 7, 2], pieces)).toBe('Everżó Everł');
    expect(textOf([99], pieces)).toBe('');
  });

  test('of a file that is cut off are not taken', () => {
    expect(() => readPieces(file.subarray(0, 40))).toThrow(/cut off/);
  });
});
