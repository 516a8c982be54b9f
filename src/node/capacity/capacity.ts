/** What the capacity learner is fed and what it says: how much of a machine its owner leaves to the fleet. Types only. */
import type { NodeActivity, NodeCapacity } from '../../core/node.ts';

/** What the owner's programs do at one moment; what inference took is out of it. Absent: it could not be told. */
export interface OwnerSample {
  /** Of the whole machine, 0 to 100. */
  readonly cpuPct?: number;
  /** Of the busiest GPU, 0 to 100. */
  readonly gpuPct?: number;
  /** Of all main memory, 0 to 100. */
  readonly memoryPct?: number;
  readonly networkBytesPerSecond?: number;
  /** Camera or microphone are in use. */
  readonly meeting?: boolean;
}

/** Where an instant falls in the owner's week. */
export interface LocalHour {
  /** Monday 00:00 is 0, Sunday 23:00 is 167. */
  readonly slot: number;
  /** Counts days; the same for all hours of a local day. */
  readonly day: number;
}

/** Learns the owner's week from samples, and serves from the first of them. Not for use by several at once. */
export interface CapacityLearner {
  /** Times are epoch milliseconds by the machine's own clock. */
  sample(sample: OwnerSample, at: number): void;
  /** `totalBytes`: the machine's memory; absent, no ceiling is told. */
  capacity(at: number, situation?: { readonly override?: Override | undefined; readonly totalBytes?: number | undefined }): NodeCapacity;
  activity(at: number): NodeActivity | undefined;
  /** The chance that the owner leaves the machine free, for the current hour and those after it. */
  forecast(at: number, hours: number): readonly number[];
  /** What is to be kept over a restart; a plain value for JSON. */
  memory(): LearnerMemory;
}

/** The mode that somebody set by hand: the machine's owner, or whoever manages the router. */
export interface Override {
  readonly mode: 'full' | 'paused';
  readonly by: 'owner' | 'router';
}

/** An hour of the week while it lasts. */
export interface OpenHour extends LocalHour {
  readonly seconds: number;
  readonly freeSeconds: number;
  readonly loadSeconds: number;
}

export interface LearnerMemory {
  readonly version: 1;
  /** By slot: hours seen, those of them that were free, their load in percent, all weighted by age; and when that was last brought up to date. */
  readonly slots: readonly (readonly [weight: number, free: number, load: number, at: number])[];
  readonly daysObserved: number;
  readonly lastDay: number | null;
  /** The hour that was going on. */
  readonly hour: OpenHour | null;
  /** How much freer than expected the last hours were. */
  readonly surprise: readonly [value: number, at: number];
}
