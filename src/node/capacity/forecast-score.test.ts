/** How good the forecast is, on made-up owners whose weeks were not used to choose its constants (those were seeds 1 to 4). */
import { describe, expect, test } from 'vitest';
import { type Habit, habits, type OwnerHour, ownerHours } from '../../../test/fakes/owner-weeks.ts';
import { createLearner } from './learner.ts';
import { localHours } from './local-hour.ts';

const sealedSeeds = [7001, 7002];
const weeks = 12;

interface Scores {
  /** One hour ahead, once a week has been seen; in the first week; and six hours ahead. */
  readonly next: number;
  readonly firstWeek: number;
  readonly later: number;
  /** What one gets by saying the share of free hours so far, and by saying that the next hour goes as the last one did. */
  readonly share: number;
  readonly last: number;
  /** What the old fleet's formula makes of the same samples (contract fleet part 2.6). */
  readonly old: number;
}

/** Its availability, with all it could have: both halves of the trend equal, every slot well known. */
function oldFormula(): { availability(slot: number, at: number): number; sample(slot: number, at: number, cpuPct: number, memoryPct: number): void } {
  const slots = Array.from({ length: 168 }, () => ({ weight: 0, cpu: 0, at: 0 }));
  let current = 1;
  return {
    availability(index, at) {
      const slot = slots[index];
      const usual = slot === undefined || slot.weight * 2 ** ((slot.at - at) / 1_296_000_000) < 0.01 ? 0.5 : slot.cpu / slot.weight;
      return Math.min(1, Math.max(0, 0.4 * (1 - usual) + 0.4 * current + 0.2 * 0.5));
    },
    sample(index, at, cpuPct, memoryPct) {
      const slot = slots[index] ?? { weight: 0, cpu: 0, at: 0 };
      const faded = 2 ** ((slot.at - at) / 1_296_000_000);
      slots[index] = { weight: slot.weight * faded + 1, cpu: slot.cpu * faded + cpuPct / 100, at };
      current = 1 - (0.7 * cpuPct + 0.3 * memoryPct) / 100;
    },
  };
}

class Brier {
  #sum = 0;
  #count = 0;

  add(forecast: number, free: boolean): void {
    this.#sum += (forecast - (free ? 1 : 0)) ** 2;
    this.#count += 1;
  }

  get score(): number {
    return this.#sum / this.#count;
  }
}

function score(habit: Habit, seeds: readonly number[]): Scores {
  const [next, firstWeek, later, share, last, old] = [new Brier(), new Brier(), new Brier(), new Brier(), new Brier(), new Brier()];
  for (const seed of seeds) {
    const hours = ownerHours(habit, weeks, seed, 600_000);
    const learner = createLearner({ localHour: localHours('UTC') });
    const formula = oldFormula();
    let free = 0;
    hours.forEach((hour, index) => {
      const [, inOne = 0, , , , , inSix = 0] = learner.forecast(hour.at - 1, 7);
      if (index >= 168) {
        next.add(inOne, hour.free);
        if (hours[index + 5] !== undefined) later.add(inSix, isFree(hours[index + 5]));
        share.add(free / index, hour.free);
        last.add(isFree(hours[index - 1]) ? 1 : 0, hour.free);
        old.add(formula.availability(index % 168, hour.at), hour.free);
      } else firstWeek.add(inOne, hour.free);
      for (const { at, sample } of hour.samples) {
        learner.sample(sample, at);
        formula.sample(index % 168, at, sample.cpuPct ?? 0, sample.memoryPct ?? 0);
      }
      free += hour.free ? 1 : 0;
    });
  }
  return { next: next.score, firstWeek: firstWeek.score, later: later.score, share: share.score, last: last.score, old: old.score };
}

function isFree(hour: OwnerHour | undefined): boolean {
  return hour?.free ?? false;
}

describe('the Brier score of "is the machine free in that hour"', () => {
  const all = new Map<Habit, Scores>();

  test.each(habits)('%s: at most 0.15, and better than saying the usual share', (habit) => {
    const scores = score(habit, sealedSeeds);
    all.set(habit, scores);
    expect(scores.next).toBeLessThanOrEqual(0.15);
    expect(scores.next).toBeLessThan(0.75 * scores.share);
    // It serves from the first hour, so it must not be worse than a coin while it learns.
    expect(scores.firstWeek).toBeLessThan(0.25);
  }, 60_000);

  test('over all of them it is also better than saying that the last hour goes on', () => {
    const mean = (of: keyof Scores): number => [...all.values()].reduce((sum, scores) => sum + scores[of], 0) / all.size;
    const row = (name: string, of: (key: keyof Scores) => number): string => [name.padEnd(10), ...(['next', 'later', 'firstWeek', 'last', 'old', 'share'] as const).map((key) => of(key).toFixed(3).padStart(key === 'old' ? 12 : 11))].join('');
    console.info([['Brier     ', '  next hour', ' in 6 hours', ' first week', '  last hour', ' old formula', '      share'].join(''), ...[...all].map(([habit, scores]) => row(habit, (key) => scores[key])), row('mean', mean)].join('\n'));
    expect(mean('next')).toBeLessThan(mean('last'));
    expect(mean('next')).toBeLessThan(mean('old'));
    expect(mean('later')).toBeLessThan(0.15);
  });
});
