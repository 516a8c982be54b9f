/** What several of the signals in points ask of a view. */
import type { SignalView } from './signal.ts';

const gigabyte = 2 ** 30;

export function gigabytes(bytes: number): number {
  return bytes / gigabyte;
}

/** In memory, or on its way there. */
export function isLoaded({ resident, runningModel }: SignalView): boolean {
  return resident === null ? runningModel > 0 : resident !== 'unknown';
}

export function clamped(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
