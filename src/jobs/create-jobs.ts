/** Asynchronous work: accepts jobs durably, runs each to one result, and keeps results for their time. */
import type { Clock } from '../core/clock.ts';
import { RouterError } from '../core/errors.ts';
import { isFinished } from '../core/job.ts';
import { belongsTo } from '../core/principal.ts';
import type { Job, JobStatus } from '../core/job.ts';
import type { JobCounts, JobLimits, JobStore, JobSummary } from '../store/store.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { ActiveJob } from './active-job.ts';
import type { ActiveJobParts } from './active-job.ts';
import { pause } from '../util/pause.ts';
import { JobLedger } from './job-ledger.ts';
import type { JobOwner, Jobs, NewJob, RunJob } from './jobs.ts';
import { Retention } from './retention.ts';
import type { RetryPolicy } from './retry-policy.ts';

export interface JobPolicy extends RetryPolicy {
  /** Counted from a job's end. */
  readonly resultTtlMs: number;
  /** Jobs that may wait at once. */
  readonly maxQueued: number;
}

/** A job's new state. */
export interface JobChange {
  readonly id: string;
  readonly status: JobStatus;
  readonly selectedModel: string;
  readonly at: number;
}

export interface JobsOptions {
  readonly store: JobStore;
  readonly clock: Clock;
  readonly nodeId: string;
  /** That many characters of A-Z, a-z, 0-9. */
  readonly randomId: (length: number) => string;
  readonly run: RunJob;
  readonly policy: JobPolicy;
  readonly limits: JobLimits;
  readonly cleanupIntervalMs: number;
  /** Requests of any kind that wait for a model now; absent: only waiting jobs count. */
  readonly waitingFor?: (model: string) => number;
  readonly log: Log;
  readonly onChange?: (change: JobChange) => void;
}

/** After so many deaths of the router in the middle of it, a job is taken for their cause. */
const maxCrashes = 5;
/** Time for aborted calls to end before they are left behind. */
const abortGraceMs = 1_000;
const fullRetryAfterMs = 5_000;

/** The sweeper starts at once; `recover` starts what a former process left. */
export function createJobs(options: JobsOptions): Jobs {
  return new RouterJobs(options);
}

class RouterJobs implements Jobs {
  readonly #options: JobsOptions;
  readonly #ledger: JobLedger;
  readonly #parts: ActiveJobParts;
  readonly #active = new Map<string, ActiveJob>();
  readonly #giveUp = new AbortController();
  readonly #retention: Retention;
  /** Jobs on their way into the store. */
  #entering = 0;
  #stopping = false;
  #stopped: Promise<void> | null = null;

  constructor(options: JobsOptions) {
    this.#options = options;
    this.#ledger = new JobLedger(options.store, options.onChange);
    this.#parts = { ...options, ledger: this.#ledger, givenUp: this.#giveUp.signal, over: (active) => this.#active.delete(active.job.id) };
    this.#retention = new Retention(options.clock, options.cleanupIntervalMs, () => this.#sweep());
  }

  async accept(asked: NewJob): Promise<{ readonly job: Job; readonly position: number }> {
    if (this.#stopping) throw new RouterError('shutting_down', 'The router is stopping and takes no new jobs.', { retryAfterMs: fullRetryAfterMs });
    const { maxQueued } = this.#options.policy;
    if (this.#queued().length + this.#entering >= maxQueued) {
      throw new RouterError('queue_full', `${maxQueued} jobs wait already; come back later.`, { retryAfterMs: fullRetryAfterMs });
    }
    const job = this.#newJob(asked);
    this.#entering += 1;
    try {
      await this.#ledger.add(job);
    } finally {
      this.#entering -= 1;
    }
    const position = this.#ahead(job.selectedModel) + 1;
    this.#launch(job);
    return { job, position };
  }

  async get(id: string, owner: JobOwner | null): Promise<Job> {
    const job = await this.#options.store.get(id);
    if (!job || !isOwner(owner, job)) throw new RouterError('job_not_found', `There is no job ${id}.`);
    return job;
  }

  list(page: { readonly limit: number; readonly before?: string }, owner: JobOwner | null): Promise<readonly JobSummary[]> {
    return this.#options.store.list({ ...page, ...owner });
  }

  async cancel(id: string, owner: JobOwner | null): Promise<Job> {
    const found = await this.get(id, owner);
    const active = this.#active.get(id);
    if (isFinished(found.status)) return found;
    const finishedAt = this.#options.clock.now();
    const ended = await this.#ledger.finish(() => active?.job ?? found, { status: 'cancelled', finishedAt, expiresAt: finishedAt + this.#options.policy.resultTtlMs });
    if (ended) active?.cancelled();
    return this.get(id, owner);
  }

  counts(): JobCounts {
    return this.#ledger.counts();
  }

  async recover(): Promise<number> {
    const left = (await this.#options.store.recover()).filter((job) => !this.#active.has(job.id));
    await this.#sweep();
    const guilty = left.filter((job) => (job.crashes ?? 0) >= maxCrashes);
    for (const job of guilty) await this.#condemn(job);
    const rest = left.filter((job) => !guilty.includes(job));
    for (const job of rest) this.#launch(job);
    return rest.length;
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopped ??= this.#stop(deadlineMs);
    return this.#stopped;
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    for (const active of [...this.#active.values()]) if (active.job.status === 'queued') active.interrupt();
    await this.#settled(deadlineMs);
    for (const active of [...this.#active.values()]) active.interrupt();
    this.#giveUp.abort();
    await this.#settled(abortGraceMs);
    await Promise.all([...this.#active.values()].map((active) => this.#putBack(active)));
    await this.#retention.stop();
  }

  /** A job accepted while the router stops is left for its next start. */
  #launch(job: Job): void {
    if (this.#stopping) return;
    const active = new ActiveJob(job, this.#parts);
    this.#active.set(job.id, active);
    active.begin();
  }

  /** Jobs that were only just accepted are not in the scheduler yet; those who wait for their answer are only there. */
  #ahead(model: string): number {
    const jobs = this.#queued().filter((other) => other.selectedModel === model).length;
    return Math.max(jobs, this.#options.waitingFor?.(model) ?? 0);
  }

  #queued(): Job[] {
    return [...this.#active.values()].map((active) => active.job).filter((job) => job.status === 'queued');
  }

  async #condemn(job: Job): Promise<void> {
    const finishedAt = this.#options.clock.now();
    const message = `The router died ${job.crashes ?? 0} times while this job ran, so it is not tried again.`;
    await this.#ledger.finish(() => job, { status: 'failed', error: { code: 'internal', message }, finishedAt, expiresAt: finishedAt + this.#options.policy.resultTtlMs });
  }

  async #putBack(active: ActiveJob): Promise<void> {
    try {
      await active.putBack();
    } catch (thrown) {
      // It stays "running" in the store, and `recover` of the next start takes it for a crash.
      this.#options.log.error({ jobId: active.job.id, err: thrown }, 'a job could not be queued again');
    }
  }

  /** Waits for what runs now, at most so long. */
  async #settled(longestMs: number): Promise<void> {
    const done = new AbortController();
    try {
      const all = Promise.all([...this.#active.values()].map((active) => active.settled));
      await Promise.race([all, pause(this.#options.clock, longestMs, done.signal)]);
    } finally {
      done.abort();
    }
  }

  async #sweep(): Promise<void> {
    try {
      await this.#options.store.sweep(this.#options.clock.now(), this.#options.limits);
      await this.#ledger.reloadCounts();
    } catch (thrown) {
      this.#options.log.warn({ err: thrown }, 'old jobs could not be swept');
    }
  }

  #newJob(asked: NewJob): Job {
    return {
      ...asked,
      id: `job_${this.#options.nodeId}_${this.#options.randomId(16)}`,
      status: 'queued',
      resultJson: null,
      error: null,
      attempts: 0,
      createdAt: this.#options.clock.now(),
      startedAt: null,
      finishedAt: null,
      notBefore: null,
      expiresAt: null,
    };
  }
}

/** Lists narrow by user as well; whoever knows the id of a job that is theirs may see it. */
function isOwner(owner: JobOwner | null, job: Job): boolean {
  return owner === null || belongsTo(job, owner);
}
