/** Made-up owners of machines: weeks of use with noise, and for each hour whether the machine was really free. */
import type { OwnerSample } from '../../src/node/capacity/capacity.ts';
import { numbersFrom } from '../support/seeded.ts';

export type Habit = 'office' | 'gamer' | 'irregular' | 'holidays' | 'shift';

export const habits: readonly Habit[] = ['office', 'gamer', 'irregular', 'holidays', 'shift'];

export interface OwnerHour {
  /** Epoch milliseconds, UTC; the owner lives by UTC. */
  readonly at: number;
  /** The owner left it alone for most of the hour. */
  readonly free: boolean;
  readonly samples: readonly { readonly at: number; readonly sample: OwnerSample }[];
}

export type Random = () => number;

const hourMs = 3_600_000;
export const firstMonday = Date.UTC(2024, 0, 1);

/** Spans of use of one day, in hours; they may end after midnight. */
type Spans = readonly (readonly [from: number, to: number])[];

export function ownerHours(habit: Habit, weeks: number, seed: number, sampleMs = 300_000): readonly OwnerHour[] {
  const random = numbersFrom(seed);
  const plan = planOf(habit, random);
  const used = new Array<number>(weeks * 168 + 24).fill(0);
  for (let day = 0; day < weeks * 7; day += 1) {
    for (const [from, to] of plan(day)) for (let minute = Math.round(from * 60); minute < to * 60; minute += 1) used[day * 24 + Math.floor(minute / 60)] = (used[day * 24 + Math.floor(minute / 60)] ?? 0) + 1 / 60;
  }
  return used.slice(0, weeks * 168).map((share, index) => {
    const at = firstMonday + index * hourMs;
    return { at, free: Math.min(1, share) < 0.5, samples: samplesOf(at, Math.min(1, share), habit, sampleMs, random) };
  });
}

const around = (random: Random, centre: number, spread: number): number => centre + spread * (random() + random() + random() - 1.5);

function planOf(habit: Habit, random: Random): (day: number) => Spans {
  switch (habit) {
    case 'office':
      return (day) => officeDay(day, random);
    case 'gamer':
      return (day) => gamerDay(day, random);
    case 'irregular':
      return () => irregularDay(random);
    case 'holidays': {
      const start = 28 + 7 * Math.floor(random() * 4);
      return (day) => (day >= start && day < start + 14 ? strayUse(random, 0.3) : random() < 0.05 ? [] : officeDay(day, random));
    }
    case 'shift':
      return (day) => (day < 42 ? officeDay(day, random) : nightDay(day, random));
    default:
      throw new Error(habit satisfies never);
  }
}

function strayUse(random: Random, chance: number): Spans {
  if (random() > chance) return [];
  const from = 9 + random() * 12;
  return [[from, from + 0.5 + random() * 2]];
}

function officeDay(day: number, random: Random): Spans {
  if (day % 7 >= 5) return strayUse(random, 0.35);
  // Ill, travelling, or at another desk.
  if (random() < 0.12) return [];
  const noon = around(random, 12.5, 0.5);
  const morning: Spans = random() < 0.08 ? [] : [[around(random, 9, 0.8), noon]];
  const afternoon: Spans = random() < 0.1 ? [] : [[noon + around(random, 0.8, 0.4), around(random, 17.5, 1)]];
  return [...morning, ...afternoon, ...(random() < 0.15 ? ([[around(random, 20, 1), around(random, 22, 1)]] as const) : [])];
}

function gamerDay(day: number, random: Random): Spans {
  const weekend = day % 7 >= 4;
  const evening: Spans = random() < (weekend ? 0.85 : 0.7) ? [[around(random, 19, 1), around(random, weekend ? 24.5 : 23, 1)]] : [];
  const afternoon: Spans = day % 7 >= 5 && random() < 0.6 ? [[around(random, 14, 1.5), around(random, 17, 1)]] : [];
  return [...afternoon, ...evening];
}

function irregularDay(random: Random): Spans {
  return Array.from({ length: 1 + Math.floor(random() * 4) }, () => {
    const from = 8 + random() * 14;
    return [from, from + 1 + random() * 3] as const;
  });
}

function nightDay(day: number, random: Random): Spans {
  if (day % 7 >= 5 || random() < 0.12) return strayUse(random, 0.35);
  return [[around(random, 16, 0.8), around(random, 19, 0.5)], [around(random, 20, 0.5), around(random, 24.5, 1)]];
}

/** Use is not a steady load, and a machine at rest has its own work to do now and then. */
function samplesOf(hourAt: number, share: number, habit: Habit, sampleMs: number, random: Random): OwnerHour['samples'] {
  const update = random() < 0.06 ? random() : 2;
  const length = Math.round(hourMs / sampleMs);
  return Array.from({ length }, (_, index) => {
    const inUse = random() < share;
    const pause = inUse && random() < 0.12;
    const updating = index / length >= update && index / length < update + 0.25;
    return { at: hourAt + index * sampleMs, sample: sampleOf(inUse && !pause, updating, habit, random) };
  });
}

function sampleOf(inUse: boolean, updating: boolean, habit: Habit, random: Random): OwnerSample {
  const memoryPct = 35 + random() * 20;
  if (inUse && habit === 'gamer') return { cpuPct: 15 + random() * 40, gpuPct: 70 + random() * 30, memoryPct: memoryPct + 20 };
  // Most work loads a machine moderately; a little of it hardly at all.
  if (inUse) return { cpuPct: Math.min(100, 18 + 70 * random() ** 0.8), gpuPct: random() * 20, memoryPct: memoryPct + 15 };
  if (updating) return { cpuPct: 40 + random() * 40, gpuPct: 0, memoryPct };
  return { cpuPct: random() * 7, gpuPct: random() * 3, memoryPct };
}
