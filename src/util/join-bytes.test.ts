import { expect, test } from 'vitest';
import { joinBytes, joinText } from './join-bytes.ts';

test('a character cut between two pieces stays whole, and texts stand where they stood', () => {
  const bytes = new TextEncoder().encode('żółw 🐢');
  expect(joinText(['a ', bytes.subarray(0, 9), bytes.subarray(9), ' b'])).toBe('a żółw 🐢 b');
});

test('one piece is passed on as it is, none is empty', () => {
  const piece = new Uint8Array([1, 2]);
  expect(joinBytes([piece])).toBe(piece);
  expect(joinBytes([])).toBe('');
});
