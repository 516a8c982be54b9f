/** How free the machine will be in the hours to come: what such hours are like, moved towards what is seen today. Pure. */
import type { NodeActivity } from '../../core/node.ts';

export interface Today {
  /** How free the machine has been lately, 0 to 1; absent: nothing was seen. */
  readonly recent?: number;
  /** How much freer than expected the last hours were. */
  readonly surprise: number;
  readonly activity?: NodeActivity;
}

export interface Persistence {
  /** How much of what is seen now holds, and for how many hours. */
  readonly now: number;
  readonly nowHours: number;
  readonly surprise: number;
  readonly surpriseHours: number;
  /** How many hours a heavy load makes its like expected, and by how much it lowers the chance. */
  readonly heavyHours: number;
  readonly heavy: number;
  readonly intensive: number;
}

export const usualPersistence: Persistence = { now: 0.8, nowHours: 3, surprise: 0.4, surpriseHours: 8, heavyHours: 2, heavy: 0.25, intensive: 0.4 };

/** The chance that the machine is free `hoursAhead` from now. `expected`: of that hour; `expectedNow`: of this one. */
export function chanceFree(expected: number, expectedNow: number, hoursAhead: number, today: Today, weights: Persistence = usualPersistence): number {
  const { recent, surprise, activity } = today;
  const seen = recent === undefined ? 0 : weights.now * 2 ** (-hoursAhead / weights.nowHours) * (recent - expectedNow);
  const ofToday = weights.surprise * 2 ** (-hoursAhead / weights.surpriseHours) * surprise;
  const lowered = (activity === 'intensive' ? weights.intensive : activity === 'heavy' ? weights.heavy : 0) * 2 ** (-hoursAhead / weights.heavyHours);
  return clamp01(expected + seen + ofToday) * (1 - lowered);
}

export function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value));
}
