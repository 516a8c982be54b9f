/** What a store keeps over restarts. Types only; one conformance suite runs over every driver. */
import type { Job, JobError, JobStatus } from '../core/job.ts';

export interface JobOutcome {
  readonly status: 'succeeded' | 'failed' | 'cancelled';
  readonly resultJson?: string;
  readonly error?: JobError;
  /** The model that served, when it is not the one decided on arrival. */
  readonly selectedModel?: string;
  readonly finishedAt: number;
  readonly expiresAt: number;
}

/** A job without its request and result: what lists show. */
export type JobSummary = Omit<Job, 'requestJson' | 'resultJson'>;

export interface JobLimits {
  /** Finished jobs kept, and bytes of requests and results of all jobs together; the oldest finished go first. */
  readonly maxJobs: number;
  readonly maxBytes: number;
  /** Ids of expired jobs are remembered this long after, so that they answer 410 and not 404. */
  readonly rememberMs: number;
}

export interface JobCounts {
  readonly byStatus: Readonly<Record<JobStatus, number>>;
  readonly byModel: readonly { readonly model: string; readonly status: JobStatus; readonly count: number }[];
  readonly bytes: number;
}

/** When a promise of `add`, `start`, `finish` or `requeue` resolves, the change survives `kill -9`. All reject with `store_unavailable`. */
export interface JobStore {
  add(job: Job): Promise<void>;
  get(id: string): Promise<Job | null>;
  /** Newest first; `before` is an id of an earlier page's last row. */
  list(page: { readonly limit: number; readonly before?: string; readonly principalId?: string }): Promise<readonly JobSummary[]>;
  /** queued → running, one attempt more; false when it was not queued. */
  start(id: string, at: number): Promise<boolean>;
  /** queued or running → finished; false when it had finished already, so that a job ends in exactly one result. */
  finish(id: string, outcome: JobOutcome): Promise<boolean>;
  /** running → queued, not to be tried before `notBefore`; false when it was not running. Error null: the start was cut short on purpose, and is taken back from `attempts`. */
  requeue(id: string, notBefore: number, error: JobError | null): Promise<boolean>;
  /** After a start: what was running is queued again, one of `crashes` more. Returns all that is queued, oldest first. */
  recover(): Promise<readonly Job[]>;
  /** Expires what is over its time or the limits (payload gone, status `expired`), forgets what was remembered long enough. Returns how many expired. */
  sweep(now: number, limits: JobLimits): Promise<number>;
  counts(): Promise<JobCounts>;
}

export interface Store {
  /** `sqlite`, `memory`. */
  readonly kind: string;
  readonly jobs: JobStore;
  /** Writes what is pending and closes; later calls reject. */
  close(): Promise<void>;
}

/** A driver of the store room. */
export interface StoreDriver {
  readonly kind: string;
  /** Opens or creates it. Rejects with an Error whose message says what to do. */
  open(options: { readonly path?: string }): Promise<Store>;
}
