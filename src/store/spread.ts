/** Gathers many values in a few numbers: how many, their sum and ends, and how many lie in each of ever wider steps. */
import type { Spread } from '../core/figures.ts';

/** Written to and from JSON as it is. */
export interface Gathered {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** By step, how many. */
  readonly steps: Record<string, number>;
}

/** Each step is so much wider than the one before, so that a percentile is off by half of it at most. */
const growth = 1.04;
const width = Math.log(growth);

export function gatherNothing(): Gathered {
  return { count: 0, sum: 0, min: 0, max: 0, steps: {} };
}

/** What is no number, or below zero, counts nowhere. */
export function gather(into: Gathered, value: number | undefined): void {
  if (value === undefined || !(value >= 0) || !Number.isFinite(value)) return;
  const step = value <= 1 ? 0 : Math.ceil(Math.log(value) / width);
  into.min = into.count === 0 ? value : Math.min(into.min, value);
  into.max = Math.max(into.max, value);
  into.count += 1;
  into.sum += value;
  into.steps[step] = (into.steps[step] ?? 0) + 1;
}

export function gatherAll(into: Gathered, more: Gathered): void {
  if (more.count === 0) return;
  into.min = into.count === 0 ? more.min : Math.min(into.min, more.min);
  into.max = Math.max(into.max, more.max);
  into.count += more.count;
  into.sum += more.sum;
  for (const step in more.steps) into.steps[step] = (into.steps[step] ?? 0) + (more.steps[step] ?? 0);
}

export function spreadOf({ count, sum, min, max, steps }: Gathered): Spread {
  const inOrder = Object.entries(steps).map(([step, many]) => ({ step: Number(step), many })).sort((a, b) => a.step - b.step);
  const at = (part: number): number => {
    let left = part * count;
    for (const { step, many } of inOrder) {
      left -= many;
      // The middle of the step, as far as there are values.
      if (left <= 0) return Math.min(max, Math.max(min, step === 0 ? min : growth ** (step - 0.5)));
    }
    return max;
  };
  return { count, sum, min, max, p50: at(0.5), p75: at(0.75), p95: at(0.95), p99: at(0.99) };
}
