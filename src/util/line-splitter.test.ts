import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter, WholeLines } from './line-splitter.ts';

const text = 'data: {"a":"żółw 🐢"}\r\n\n{"b":1}\nrest 🐢';
const bytes = new TextEncoder().encode(text);
const anyCuts = fc.array(fc.nat(bytes.length), { maxLength: 12 }).map((cuts) => [0, ...cuts.sort((a, b) => a - b), bytes.length]);

function pieces(cuts: number[]): Uint8Array[] {
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}

test('lines are the same wherever the bytes are cut, characters included', () => {
  fc.assert(fc.property(anyCuts, (cuts) => {
    const splitter = new LineSplitter();
    const lines = pieces(cuts).flatMap((piece) => splitter.push(piece));
    expect(lines).toEqual(['data: {"a":"żółw 🐢"}', '', '{"b":1}']);
    expect(splitter.rest()).toBe('rest 🐢');
  }));
});

test('a relay gets every byte once, in order, and never half a line', () => {
  fc.assert(fc.property(anyCuts, (cuts) => {
    const whole = new WholeLines();
    const out = pieces(cuts).map((piece) => whole.push(piece)).filter((piece) => piece !== null);
    for (const piece of out) expect(piece.at(-1)).toBe(10);
    const joined = Buffer.concat([...out, whole.rest()]);
    expect(joined.toString()).toBe(text);
  }));
});
