/** What a signal is: one reason for or against a candidate, as a number in one unit. Types only. */
import type { BackendState, LearnedSpeed, Resident } from '../core/fleet.ts';
import type { MemoryPressure, NodeCapacity } from '../core/node.ts';
import type { Candidate } from '../core/placement.ts';

/** The machine that a candidate is on, as its last report tells it; what is absent is not known. */
export interface MachineView {
  /** Main memory. */
  readonly totalBytes: number;
  readonly pressure: MemoryPressure;
  /** Free of what a model would be put in: the GPUs' own memory, else main memory. Absent when the GPUs do not say. */
  readonly freeBytes?: number;
  /** Free main memory beside the GPUs' own, where a server puts what does not fit; absent where it is the only memory. */
  readonly besideBytes?: number;
  /** Main memory that all models may take together, when the owner leaves less than all. */
  readonly ceilingBytes?: number;
  /** What models take now. */
  readonly residentBytes: number;
  /** How fast memory is read, and how that compares with the middle one of the fleet's machines. */
  readonly bandwidthGbps?: number;
  readonly bandwidthRatio?: number;
  readonly capacity?: NodeCapacity;
}

/** What a signal may look at about one candidate, gathered once per placement. */
export interface SignalView {
  readonly backend: BackendState;
  /** Null when it is not in memory; `unknown` when the backend cannot say. */
  readonly resident: Resident | null | 'unknown';
  readonly speed: LearnedSpeed;
  readonly sizeBytes?: number;
  /** Requests of this model that run there. Where it is not in memory they are loading it. */
  readonly runningModel: number;
  /** Is it in memory, or on its way there, at another backend that could take the request now? */
  readonly warmElsewhere: boolean;
  /** Tokens at the front of the prompt that this backend has read for an earlier turn of the conversation (an estimate). */
  readonly readTokens: number;
  /** Work granted to this backend and not finished: requests, and their tokens still to be read and written (estimates). */
  readonly running: number;
  readonly pendingPromptTokens: number;
  readonly pendingCompletionTokens: number;
  /** How many requests of this model the backend serves at once. */
  readonly slots: number;
  /** The request that is to be placed. */
  readonly promptTokens: number;
  /** How much of the machine its owner uses now, from 0 (or absent: free, or nobody knows) to 1. */
  readonly ownerUse?: number;
  /** Null or absent: nothing on it reports. */
  readonly machine?: MachineView | null;
  /** What the model takes in memory: as it was loaded somewhere, else as its file is. */
  readonly memoryBytes?: number;
  /** Memory of models on that machine that run nothing now, and could be let go of. */
  readonly idleBytes?: number;
  /** Requests that run on that machine, of whatever model. */
  readonly runningOnNode?: number;
  /** How long ago the model left memory there; absent when it is there, or that was long ago. */
  readonly leftMemoryMsAgo?: number;
}

export type Veto = { readonly veto: string };

export interface Signal {
  readonly id: string;
  readonly unit: 'points' | 'ms';
  /** Can it say no to the only candidate there is? Then it is asked even without a choice. */
  readonly vetoes?: boolean;
  /** Pure. In `ms` smaller is better, in `points` larger. Always finite. */
  term(candidate: Candidate, view: SignalView): number | Veto;
}
