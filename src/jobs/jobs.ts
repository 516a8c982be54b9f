/** What the jobs room offers: accept work for later, show it, end it. Types only. */
import type { Job } from '../core/job.ts';
import type { Plane } from '../core/principal.ts';
import type { Priority } from '../core/request.ts';
import type { RouterError } from '../core/errors.ts';
import type { JobCounts, JobSummary } from '../store/store.ts';

export interface NewJob {
  readonly taskType: string;
  readonly selectedModel: string;
  readonly requestJson: string;
  readonly dialect: string;
  readonly priority: Priority;
  readonly principalId: string;
  readonly plane?: Plane;
  readonly user: string;
}

/** Whose jobs are seen: others are as if they were not there. */
export interface JobOwner {
  readonly principalId: string;
  /** Jobs that were made through another door are not theirs; absent: through any. */
  readonly plane?: Plane;
  /** In lists, only those of this user; absent: of all. */
  readonly user?: string;
}

/** How one try of a job ended. */
export type JobRun =
  | { readonly kind: 'succeeded'; readonly resultJson: string; readonly servedModel: string }
  | { readonly kind: 'failed'; readonly error: RouterError };

export interface Jobs {
  /** Durable when it resolves. Rejects with `queue_full` when too many wait, `store_unavailable` when it cannot be kept. */
  accept(job: NewJob): Promise<{ readonly job: Job; readonly position: number }>;
  /** Null for the owner: anybody's. Rejects with `job_not_found`. */
  get(id: string, owner: JobOwner | null): Promise<Job>;
  list(page: { readonly limit: number; readonly before?: string }, owner: JobOwner | null): Promise<readonly JobSummary[]>;
  /** Aborts the running call or leaves the queue. A finished job is returned unchanged. Rejects with `job_not_found`. */
  cancel(id: string, owner: JobOwner | null): Promise<Job>;
  counts(): JobCounts;
  /** Queues again what a stopped process left; called once at start. */
  recover(): Promise<number>;
  /** Takes no new work and waits for running jobs until the deadline; what still runs then stays queued for the next start. */
  stop(deadlineMs: number): Promise<void>;
}

/** Runs one job's request through the same pipeline as any other; given by the app. `started` is called when it got its slot. */
export type RunJob = (job: Job, signal: AbortSignal, started: () => Promise<boolean>) => Promise<JobRun>;
