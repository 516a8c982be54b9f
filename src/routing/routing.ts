/** The brain's vocabulary: what is known of models, what was decided, what the scheduler hears and says. Types only. */
import type { Classification, Mode, Priority } from '../core/request.ts';
import type { Candidate, Placement } from '../core/placement.ts';
import type { Substitution } from './substitutes.ts';

/** What the configuration (or the role table, without one) says of a model. Contract agent-router part 2. */
export interface ModelSpec {
  readonly name: string;
  readonly sizeGb?: number;
  readonly purpose: readonly string[];
  readonly tags: readonly string[];
  readonly priority: number;
  /** Absent: what the backend says or was learned, else 4 (ruling 6). */
  readonly maxConcurrent?: number;
  readonly defaultContext?: number;
  readonly maxContext?: number;
  readonly timeoutMs?: number;
  readonly costClass: 'low' | 'medium' | 'high';
  readonly exclusive: boolean;
  readonly allowWhenBusy: boolean;
}

export interface RoutingTable {
  /** By model key: the name without `:latest`. */
  readonly specs: ReadonlyMap<string, ModelSpec>;
  readonly routes: ReadonlyMap<string, readonly string[]>;
  /** Did a file name models? Then the `router` object is always in the answer (ruling 10). */
  readonly fromFile: boolean;
}

export interface RoutingPolicy {
  readonly defaultMode: Mode;
  readonly defaultPriority: Priority;
  readonly heavyLoadQueueDepth: number;
  readonly heavyLoadGpuFreeMbThreshold: number;
  readonly requireGpuOnlyByDefault: boolean;
  readonly vramSafetyReserveMb: number;
  readonly maxGpuUtilizationPct: number;
  /** `gpu.vramTotalMb` of the file, for when nothing is measured. */
  readonly vramTotalMb?: number;
  /** May a model that is in memory serve instead of one that would have to be loaded? */
  readonly substitution: Substitution;
  /** How long a request waits when it does not say (ruling 2). */
  readonly holdMs: number;
  readonly syncMaxQueueTimeMs: number;
}

/** How much is waiting and running now, by model key. */
export interface Load {
  readonly totalQueued: number;
  readonly totalRunning: number;
  queued(modelKey: string): number;
  running(modelKey: string): number;
  /** What runs now, by backend id and the model's name there, without zeros; the same object until something changed. */
  runningByBackend?(): ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** How much of a model runs on a backend. */
  runningAt?(place: Pick<Candidate, 'backendId' | 'modelKey'>): number;
  /** Who waits, in the order in which they will be served. */
  waiting?(): readonly Pick<Entry, 'id' | 'modelKey' | 'priority' | 'user' | 'arrivedAt'>[];
}

/** What was decided when a request arrived. */
export interface Decision {
  /** `hold`: all that could serve are busy, and the first that frees is waited for. */
  readonly kind: 'run' | 'hold' | 'job';
  /** Keys: the chosen one first, then those to fall back to. */
  readonly models: readonly string[];
  readonly fallbackModels: readonly string[];
  /**
   * Models that are not what was asked for, by key: named by the caller to fall back to, or allowed by `router.substitution`.
   * When there is this, the first of `models` that has a free slot is taken. Absent: there are none.
   */
  readonly instead?: Readonly<Record<string, 'fallback' | 'substitute'>>;
  readonly reason: string;
  readonly classification: Classification | null;
}

/** One request in the scheduler. Everything it may run on is in `candidates`; which one is decided when a slot frees. */
export interface Entry {
  readonly id: string;
  /** Groups of candidates in order of preference; a later group is used only while no earlier one has a slot. */
  readonly candidates: readonly Candidate[];
  /** The same by what is known now, asked while it waits and the fleet changes: machines come and go. Absent: they stay. */
  readonly candidatesNow?: (() => readonly Candidate[]) | undefined;
  /** The model whose queue it counts in: the first choice. */
  readonly modelKey: string;
  readonly priority: Priority;
  readonly user: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly arrivedAt: number;
  /** When waiting turns into `queue_timeout`; null: waits for ever (jobs). */
  readonly deadlineAt: number | null;
  /** False for work that was accepted earlier (jobs, retries): no queue bound turns it away. */
  readonly bounded: boolean;
  /** The context it needs, in tokens, where that matters. `asked`: its caller named it, so that a place with less reloads the model. */
  readonly contextNeed?: { readonly tokens: number; readonly asked: boolean } | undefined;
  /** Equal for the turns of one conversation; absent when there is no choice of backends, or nobody remembers. */
  readonly conversation?: number;
}

/** Better than any free place is one that will be free soon. Look again then, if nothing happened before. */
export interface Patience {
  /** Epoch milliseconds. */
  readonly until: number;
}

/** Limits as they hold now. A candidate that is not in `slots` has no limit of its own. */
export interface SchedulerLimits {
  readonly globalMaxConcurrent: number | null;
  readonly globalMaxQueued: number;
  readonly perUserMaxQueued: number | null;
  /** Points a waiting request gains each second; priorities weigh 10, 50, 90. */
  readonly agingPointsPerSecond: number;
  /** How many of this model the backend may run at once. */
  slots(candidate: Candidate): number;
  /** Does this model need its node for itself? */
  exclusive(modelKey: string): boolean;
  /** May work start there at all now (backend not down, GPU not busy with foreign work)? */
  available(candidate: Candidate): boolean;
  /** Must the backend prove itself? Then it gets one request at a time. */
  trial?(candidate: Candidate): boolean;
  /** Must this model prove itself there? Then the backend gets one request of it at a time. */
  modelTrial?(candidate: Candidate): boolean;
  /** Chooses among candidates that all have a free slot; null when none may be used. `at`: now; absent for a request that may not wait. */
  place(entry: Entry, free: readonly Candidate[], at?: number): Placement | Patience | null;
}

export type SchedulerEvent =
  | { readonly type: 'arrive'; readonly at: number; readonly entry: Entry }
  /** The request ended, failed or was given up, whether it ran or waited. Unknown ids are ignored. */
  | { readonly type: 'leave'; readonly at: number; readonly id: string }
  | { readonly type: 'fleet-changed'; readonly at: number }
  | { readonly type: 'tick'; readonly at: number };

export type SchedulerEffect =
  | { readonly type: 'grant'; readonly id: string; readonly placement: Placement }
  | { readonly type: 'reject'; readonly id: string; readonly code: 'queue_full' | 'queue_timeout' | 'rate_limited'; readonly message: string; readonly retryAfterMs: number };

/** Pure: same events and limits, same effects. Holds the waiting list and the running set, nothing else. */
export interface Scheduler {
  dispatch(event: SchedulerEvent): readonly SchedulerEffect[];
  load(): Load;
  /** The next moment at which a `tick` could matter (an earliest deadline, the end of a patience); null: none. */
  nextDeadline(): number | null;
  /** 1 is next in its model's queue; 0: not waiting. */
  position(id: string): number;
}
