/** What a signal is: one reason for or against a candidate, as a number in one unit. Types only. */
import type { BackendState, LearnedSpeed, Resident } from '../core/fleet.ts';
import type { Candidate } from '../core/placement.ts';

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
