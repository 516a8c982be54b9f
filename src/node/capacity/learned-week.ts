/** What a machine remembers of its owner's weeks: observations go in as they come, and are counted hour by hour. */
import type { LearnerMemory, LocalHour, OpenHour } from './capacity.ts';
import { type Borrowing, emptyProfile, expectedFree, fadedTo, slotCount, usualBorrowing, type WeeklyProfile, withHour } from './weekly-profile.ts';

export const hourMs = 3_600_000;
const surpriseMs = 6 * hourMs;

/** A figure that follows another slowly. */
export interface Level {
  readonly value: number;
  readonly at: number;
}

export function movedTowards(level: Level, value: number, at: number, slownessMs: number): Level {
  const kept = Math.exp(-Math.max(0, at - level.at) / slownessMs);
  return { value: kept * level.value + (1 - kept) * value, at };
}

export class LearnedWeek {
  readonly #localHour: (at: number) => LocalHour;
  readonly #borrowing: Borrowing;
  #profile: WeeklyProfile;
  #hour: OpenHour | null;
  #surprise: Level;
  #daysObserved: number;
  #lastDay: number | null;
  /** Only a closed hour changes it quickly. */
  #expected: { readonly chances: readonly number[]; readonly at: number } | null = null;

  constructor(localHour: (at: number) => LocalHour, memory?: LearnerMemory, borrowing: Borrowing = usualBorrowing) {
    this.#localHour = localHour;
    this.#borrowing = borrowing;
    this.#profile = memory?.slots.map(([weight, free, load, at]) => ({ weight, free, load, at })) ?? emptyProfile;
    this.#hour = memory?.hour ?? null;
    this.#surprise = { value: memory?.surprise[0] ?? 0, at: memory?.surprise[1] ?? 0 };
    this.#daysObserved = memory?.daysObserved ?? 0;
    this.#lastDay = memory?.lastDay ?? null;
  }

  get daysObserved(): number {
    return this.#daysObserved;
  }

  /** For `durationMs` until now the machine was this free (0 to 1) under this load. */
  observe(free: number, loadPct: number, durationMs: number, at: number): void {
    const local = this.#localHour(at);
    if (this.#hour !== null && (this.#hour.slot !== local.slot || this.#hour.day !== local.day)) this.#close(this.#hour, at);
    const hour = this.#hour ?? { ...local, seconds: 0, freeSeconds: 0, loadSeconds: 0 };
    const seconds = durationMs / 1000;
    this.#hour = { ...hour, seconds: hour.seconds + seconds, freeSeconds: hour.freeSeconds + seconds * free, loadSeconds: hour.loadSeconds + seconds * loadPct };
  }

  /** The chance that the hour so far ahead is free, as such hours are. */
  expected(at: number, hoursAhead: number): number {
    if (this.#expected === null || !(Math.abs(at - this.#expected.at) < 2 * hourMs)) this.#expected = { chances: expectedFree(this.#profile, at, this.#borrowing), at };
    return this.#expected.chances[this.#localHour(at + hoursAhead * hourMs).slot] ?? this.#borrowing.priorFree;
  }

  /** How much freer than expected the last hours were. */
  surprise(at: number): number {
    return this.#surprise.value * Math.exp(-Math.max(0, at - this.#surprise.at) / surpriseMs);
  }

  /** The load that such hours have, in percent; undefined: none was seen. */
  usualLoadPct(at: number): number | undefined {
    const slot = this.#profile[this.#localHour(at).slot];
    return slot === undefined || slot.weight === 0 ? undefined : slot.load / slot.weight;
  }

  /** 0 to 1: of the days seen, and of how well the hours of the week are known. */
  confidence(at: number): number {
    const known = this.#profile.reduce((sum, slot) => sum + Math.min(1, fadedTo(slot, at).weight / 2), 0) / slotCount;
    return 0.6 * Math.min(1, this.#daysObserved / 30) + 0.4 * known;
  }

  memory(): LearnerMemory {
    const round = (value: number): number => Math.round(value * 10_000) / 10_000;
    return {
      version: 1,
      slots: this.#profile.map(({ weight, free, load, at }) => [round(weight), round(free), round(load), Math.round(at)]),
      daysObserved: this.#daysObserved,
      lastDay: this.#lastDay,
      hour: this.#hour,
      surprise: [round(this.#surprise.value), Math.round(this.#surprise.at)],
    };
  }

  #close(hour: OpenHour, at: number): void {
    this.#hour = null;
    if (hour.seconds === 0) return;
    const free = hour.freeSeconds / hour.seconds;
    // An hour that summer time repeats counts once.
    const coverage = Math.min(1, hour.seconds / 3600);
    const expected = this.#expected?.chances[hour.slot] ?? this.#borrowing.priorFree;
    this.#surprise = movedTowards(this.#surprise, coverage * (free - expected), at, surpriseMs);
    this.#profile = withHour(this.#profile, hour.slot, { free, loadPct: hour.loadSeconds / hour.seconds, coverage }, at);
    if (hour.day !== this.#lastDay) this.#daysObserved += 1;
    this.#lastDay = hour.day;
    this.#expected = null;
  }
}
