/** Learns the owner's week, and says at any moment how much of the machine is left for the fleet. Holds state; does no I/O and reads no clock. */
import type { CapacityLearner, LearnerMemory, LocalHour, OwnerSample } from './capacity.ts';
import { averageLoad, classifyActivity, type TimedSample, windowMs, withinWindow } from './activity.ts';
import { chanceFree, clamp01, type Today } from './forecast.ts';
import { hourMs, LearnedWeek, type Level, movedTowards } from './learned-week.ts';
import { capacityOf, type Judged } from './verdict.ts';

/** Between samples further apart the machine slept, or its clock was moved: nothing is known of the time between. */
const longestGapMs = hourMs / 6;
/** How fast what was seen a while ago stops counting as now. */
const recentMs = 600_000;
const sustainedPct = 85;

export interface LearnerOptions {
  readonly localHour: (at: number) => LocalHour;
  /** What was kept; absent: nothing is known yet. */
  readonly memory?: LearnerMemory | undefined;
}

export function createLearner({ localHour, memory }: LearnerOptions): CapacityLearner {
  const week = new LearnedWeek(localHour, memory);
  let samples: readonly TimedSample[] = [];
  let recent: Level | null = null;

  const today = (at: number): Today => {
    const activity = classifyActivity(averageLoad(samples));
    const isFresh = recent !== null && Math.abs(at - recent.at) <= longestGapMs;
    return {
      // Quick to expect the owner's work to go on, slow to believe that it is over.
      ...(isFresh && recent !== null ? { recent: Math.min(recent.value, meanFreedom(samples) ?? 1) } : {}),
      surprise: week.surprise(at),
      ...(activity === undefined ? {} : { activity }),
    };
  };
  const forecast = (at: number, hours: number): readonly number[] => {
    const now = today(at);
    return Array.from({ length: hours }, (_, ahead) => chanceFree(week.expected(at, ahead), week.expected(at, 0), ahead, now));
  };
  const availability = (at: number): number => {
    const room = roomNow(samples);
    return chanceFree(week.expected(at, 0), week.expected(at, 0), 0, { ...(room === undefined ? {} : { recent: room }), surprise: week.surprise(at) });
  };

  return {
    sample(sample, at) {
      const last = samples.at(-1);
      const gapMs = last === undefined ? 0 : at - last.at;
      const goesOn = gapMs > 0 && gapMs <= longestGapMs;
      samples = [...(goesOn ? withinWindow(samples, at) : []), { ...sample, at }];
      const free = freedom(sample);
      if (free === undefined) return;
      week.observe(free, averageLoad([{ ...sample, at }]).loadPct ?? 0, goesOn ? gapMs : 0, at);
      recent = goesOn && recent !== null ? movedTowards(recent, free, at, recentMs) : { value: free, at };
    },
    capacity(at, { override, totalBytes } = {}) {
      const now = availability(at);
      return capacityOf({
        meeting: samples.at(-1)?.meeting === true,
        sustained: sustainedLoad(samples),
        override,
        availability: now,
        trend: (forecast(at, 2)[1] ?? now) - now,
        usualLoadPct: week.usualLoadPct(at),
        freeNow: meanFreedom(samples),
        confidence: week.confidence(at),
        daysObserved: week.daysObserved,
        totalBytes,
      });
    },
    activity: () => classifyActivity(averageLoad(samples)),
    forecast,
    memory: () => week.memory(),
  };
}

/** Does one sample show the machine free, 0 to 1? Light work leaves it free, a meeting or a good deal of work do not. */
function freedom(sample: OwnerSample): number | undefined {
  if (sample.meeting === true) return 0;
  const { loadPct } = averageLoad([{ ...sample, at: 0 }]);
  return loadPct === undefined ? undefined : clamp01(1 - (loadPct - 10) / 50);
}

function meanFreedom(samples: readonly TimedSample[]): number | undefined {
  const values = samples.map(freedom).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What the owner leaves of the machine right now, 0 to 1. */
function roomNow(samples: readonly TimedSample[]): number | undefined {
  const { loadPct } = averageLoad(samples);
  return loadPct === undefined ? undefined : clamp01(1 - loadPct / 100);
}

/** What has been busy, on the whole, for two whole minutes. */
function sustainedLoad(samples: readonly TimedSample[]): Judged['sustained'] {
  for (const what of ['cpu', 'gpu'] as const) {
    const told = samples.filter((sample) => sample[`${what}Pct`] !== undefined);
    const [first, last] = [told[0], told.at(-1)];
    if (first === undefined || last === undefined || last.at - first.at < windowMs) continue;
    const sum = told.reduce((total, sample) => total + (sample[`${what}Pct`] ?? 0), 0);
    if (sum / told.length > sustainedPct) return what;
  }
  return null;
}
