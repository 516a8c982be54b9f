/** From what could serve a request to what will. */

/** One model on one backend that could serve the request. */
export interface Candidate {
  readonly backendId: string;
  readonly nodeId: string;
  /** The name to ask the backend with. */
  readonly model: string;
  /** The configured or listed name that limits and counters are kept under. */
  readonly modelKey: string;
}

/** One signal's say about a candidate, kept in the trace. */
export interface Term {
  readonly signal: string;
  readonly value: number;
  readonly unit: 'points' | 'ms';
}

/** A candidate as it stood when a place was chosen, the chosen one included. */
export interface Considered {
  readonly backendId: string;
  readonly nodeId: string;
  readonly model: string;
  readonly terms: readonly Term[];
  /** Sum of the terms in the policy's unit; absent for one that was out of the question. */
  readonly total?: number;
  /** Why it was out of the question, in words. */
  readonly veto?: string;
}

/** The candidate that was chosen, and why. */
export interface Placement extends Candidate {
  /** Sum of the terms in the policy's unit. */
  readonly total: number;
  readonly why: readonly Term[];
  /** The total as whole points, when the policy counts in points. */
  readonly score?: number;
  /** At most 32; absent when there was no choice. */
  readonly considered?: readonly Considered[];
}

/** The right to run on a placement. Taken once from the scheduler, given back once. */
export interface Ticket {
  readonly id: string;
  readonly placement: Placement;
  /** Time between arrival and grant. */
  readonly queueMs: number;
  /** Gives the slot back; later calls do nothing. */
  release(): void;
}
