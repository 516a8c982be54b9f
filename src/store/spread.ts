/** Gathers many values in a few numbers: how many, their sum and ends, and how many lie in each of ever wider steps. */
import type { Spread } from '../core/figures.ts';

export interface Gathered {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** A step and how many lie in it, in turn, in the order of the steps; empty where nobody asks for percentiles. */
  steps: number[];
}

/** Each step is so much wider than the one before, so that a percentile is off by half of it at most. */
const growth = 1.05;
const width = Math.log(growth);

export function gatherNothing(): Gathered {
  return { count: 0, sum: 0, min: 0, max: 0, steps: [] };
}

/** What is no number, or below zero, counts nowhere. */
export function gather(into: Gathered, value: number | undefined, withSteps: boolean): void {
  if (value === undefined || !(value >= 0) || !Number.isFinite(value)) return;
  into.min = into.count === 0 ? value : Math.min(into.min, value);
  into.max = Math.max(into.max, value);
  into.count += 1;
  into.sum += value;
  if (withSteps) addStep(into.steps, value <= 1 ? 0 : Math.ceil(Math.log(value) / width), 1);
}

export function gatherAll(into: Gathered, more: Gathered, withSteps = true): void {
  if (more.count === 0) return;
  into.min = into.count === 0 ? more.min : Math.min(into.min, more.min);
  into.max = Math.max(into.max, more.max);
  into.count += more.count;
  into.sum += more.sum;
  if (withSteps) into.steps = into.steps.length === 0 ? [...more.steps] : merged(into.steps, more.steps);
}

/** Percentiles without steps are the mean. */
export function spreadOf({ count, sum, min, max, steps }: Gathered): Spread {
  const mean = count === 0 ? 0 : sum / count;
  const at = (part: number): number => (steps.length === 0 ? mean : Math.min(max, Math.max(min, valueAt(steps, part * count))));
  return { count, sum, min, max, p50: at(0.5), p75: at(0.75), p95: at(0.95), p99: at(0.99) };
}

/** The middle of the step in which the value with this rank lies. */
function valueAt(steps: readonly number[], rank: number): number {
  let left = rank;
  for (let at = 0; at < steps.length; at += 2) {
    left -= steps[at + 1] ?? 0;
    const step = steps[at] ?? 0;
    if (left <= 0) return step === 0 ? 0 : growth ** (step - 0.5);
  }
  return Number.POSITIVE_INFINITY;
}

function addStep(steps: number[], step: number, many: number): void {
  let at = steps.length;
  while (at > 0 && (steps[at - 2] ?? 0) > step) at -= 2;
  if (at > 0 && steps[at - 2] === step) steps[at - 1] = (steps[at - 1] ?? 0) + many;
  else steps.splice(at, 0, step, many);
}

function merged(a: readonly number[], b: readonly number[]): number[] {
  const all: number[] = [];
  let left = 0;
  let right = 0;
  while (left < a.length || right < b.length) {
    const stepA = a[left] ?? Number.POSITIVE_INFINITY;
    const stepB = b[right] ?? Number.POSITIVE_INFINITY;
    all.push(Math.min(stepA, stepB), (stepA <= stepB ? (a[left + 1] ?? 0) : 0) + (stepB <= stepA ? (b[right + 1] ?? 0) : 0));
    if (stepA <= stepB) left += 2;
    if (stepB <= stepA) right += 2;
  }
  return all;
}

/** As plain numbers, for a row of a table; `readGathered` reads them. */
export function writeGathered({ count, sum, min, max, steps }: Gathered, into: number[]): void {
  into.push(count, tenths(sum), tenths(min), tenths(max), steps.length, ...steps);
}

/** From the place `at`; `next` is the place behind it. */
export function readGathered(values: readonly number[], at: number): { readonly gathered: Gathered; readonly next: number } {
  const [count = 0, sum = 0, min = 0, max = 0, length = 0] = values.slice(at, at + 5);
  const next = at + 5 + length;
  return { gathered: { count, sum, min, max, steps: values.slice(at + 5, next) }, next };
}

/** Short to write, and finer than anything is measured. */
function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
