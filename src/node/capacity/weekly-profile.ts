/** What was learned of the 168 hours of the week: statistics that fade with age, and what they say of an hour. Pure. */

export const slotCount = 168;
export const halfLifeMs = 15 * 86_400_000;

/** Hours seen of one slot, weighted by age. */
export interface SlotStatistics {
  readonly weight: number;
  /** Those of them that the owner left free. */
  readonly free: number;
  /** Their load, in percent times weight. */
  readonly load: number;
  /** When this was last brought up to date. */
  readonly at: number;
}

export interface ObservedHour {
  /** Share of the observed time that was free. */
  readonly free: number;
  readonly loadPct: number;
  /** How much of the hour was observed, 0 to 1. */
  readonly coverage: number;
}

export type WeeklyProfile = readonly SlotStatistics[];

export const emptyProfile: WeeklyProfile = Array.from({ length: slotCount }, () => ({ weight: 0, free: 0, load: 0, at: 0 }));

/** The statistics as they count at an instant; a clock that was set back makes nothing younger. */
export function fadedTo(slot: SlotStatistics, at: number): SlotStatistics {
  const factor = 2 ** (-Math.max(0, at - slot.at) / halfLifeMs);
  return { weight: slot.weight * factor, free: slot.free * factor, load: slot.load * factor, at };
}

export function withHour(profile: WeeklyProfile, index: number, hour: ObservedHour, at: number): WeeklyProfile {
  return profile.map((slot, position) => {
    if (position !== index) return slot;
    const old = fadedTo(slot, at);
    return { weight: old.weight + hour.coverage, free: old.free + hour.free * hour.coverage, load: old.load + hour.loadPct * hour.coverage, at };
  });
}

/** How the knowledge of one hour is borrowed for another. */
export interface Borrowing {
  /** From the hours before and after, by distance. */
  readonly hours: readonly number[];
  /** From the same hour of a day that went alike. */
  readonly days: number;
  /** How fast that ends with the difference between two days. */
  readonly unlikeness: number;
  /** Hours of `priorFree` that stand against everything seen. */
  readonly priorWeight: number;
  readonly priorFree: number;
}

export const usualBorrowing: Borrowing = { hours: [1, 0.15], days: 0.35, unlikeness: 12, priorWeight: 0.5, priorFree: 0.7 };

/** The chance that each slot is free, before anything is known of today. */
export function expectedFree(profile: WeeklyProfile, at: number, borrowing: Borrowing = usualBorrowing): readonly number[] {
  const slots = profile.map((slot) => fadedTo(slot, at));
  const likeness = dayLikeness(slots, borrowing);
  return slots.map((_, index) => {
    const [day, hour] = [Math.floor(index / 24), index % 24];
    let weight = borrowing.priorWeight;
    let free = borrowing.priorWeight * borrowing.priorFree;
    for (let other = 0; other < 7; other += 1) {
      const alike = likeness[day]?.[other] ?? 0;
      for (let step = 1 - borrowing.hours.length; step < borrowing.hours.length; step += 1) {
        const near = hour + step;
        const slot = slots[(other * 24 + near + slotCount) % slotCount];
        const share = alike * (borrowing.hours[Math.abs(step)] ?? 0);
        if (slot === undefined) continue;
        weight += share * slot.weight;
        free += share * slot.free;
      }
    }
    return free / weight;
  });
}

/** 1 for the day itself, `days` for another that goes the same, less for the others: nobody has to say which days are the weekend. */
function dayLikeness(slots: readonly SlotStatistics[], { days, unlikeness }: Borrowing): readonly (readonly number[])[] {
  return Array.from({ length: 7 }, (_, day) => Array.from({ length: 7 }, (_, other) => (day === other ? 1 : days * Math.exp(-unlikeness * difference(slots, day, other)))));
}

function difference(slots: readonly SlotStatistics[], day: number, other: number): number {
  let sum = 0;
  // As if both had been seen for one more hour that went the same.
  let weight = 1;
  for (let hour = 0; hour < 24; hour += 1) {
    const [a, b] = [slots[day * 24 + hour], slots[other * 24 + hour]];
    if (a === undefined || b === undefined || a.weight === 0 || b.weight === 0) continue;
    const both = Math.min(a.weight, b.weight, 1);
    sum += both * (a.free / a.weight - b.free / b.weight) ** 2;
    weight += both;
  }
  return sum / weight;
}
