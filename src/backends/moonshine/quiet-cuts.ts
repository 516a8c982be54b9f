/** Cuts a long recording where it is quietest, since the model hears only so much at once. Pure. */
import { sampleRate } from './wav.ts';

export interface Piece {
  /** In samples. */
  readonly from: number;
  readonly to: number;
}

const longest = 20 * sampleRate;
/** A cut is looked for in the last part of what fits. */
const searched = 6 * sampleRate;
const window = sampleRate / 20;

export function quietCuts(samples: Float32Array): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  while (samples.length - from > longest) {
    const to = quietestIn(samples, from + longest - searched, from + longest);
    pieces.push({ from, to });
    from = to;
  }
  return samples.length > from ? [...pieces, { from, to: samples.length }] : pieces;
}

/** The middle of the quietest twentieth of a second. */
function quietestIn(samples: Float32Array, from: number, to: number): number {
  let best = from;
  let lowest = Number.POSITIVE_INFINITY;
  for (let at = from; at + window <= to; at += window / 2) {
    let energy = 0;
    for (let index = at; index < at + window; index += 1) energy += (samples[index] ?? 0) ** 2;
    if (energy < lowest) {
      lowest = energy;
      best = at;
    }
  }
  return best + window / 2;
}
