import { expect, test } from 'vitest';
import { quietCuts } from './quiet-cuts.ts';
import { sampleRate } from './wav.ts';

/** Noise with silence around the given seconds. */
function speech(seconds: number, pauses: readonly number[]): Float32Array {
  return Float32Array.from({ length: seconds * sampleRate }, (_, index) => (pauses.some((pause) => Math.abs(index / sampleRate - pause) < 0.2) ? 0 : index % 2 === 0 ? 0.5 : -0.5));
}

test('what the model hears at once is not cut', () => {
  expect(quietCuts(speech(20, []))).toEqual([{ from: 0, to: 20 * sampleRate }]);
  expect(quietCuts(new Float32Array())).toEqual([]);
});

test('longer recordings are cut in pauses, without losing or doubling a sample', () => {
  const pieces = quietCuts(speech(50, [5, 17, 35]));
  expect(pieces[0]?.from).toBe(0);
  expect(pieces.at(-1)?.to).toBe(50 * sampleRate);
  for (const [index, piece] of pieces.entries()) {
    expect(piece.to - piece.from).toBeLessThanOrEqual(20 * sampleRate);
    if (index > 0) expect(piece.from).toBe(pieces[index - 1]?.to);
  }
  for (const [index, pause] of [17, 35].entries()) expect(Math.abs((pieces[index]?.to ?? 0) / sampleRate - pause)).toBeLessThan(0.25);
});
