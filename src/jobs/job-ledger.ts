/** The one place that changes a job: in the store first, then in the counts, then whoever listens. */
import type { Job, JobError } from '../core/job.ts';
import type { JobCounts, JobOutcome, JobStore } from '../store/store.ts';
import type { JobChange } from './create-jobs.ts';
import { LiveCounts } from './live-counts.ts';

/** Every change returns the job as it is then, or null when the store found it in another state. Rejects as the store does. */
export class JobLedger {
  readonly #store: JobStore;
  readonly #onChange: ((change: JobChange) => void) | undefined;
  readonly #counts = new LiveCounts();

  constructor(store: JobStore, onChange: ((change: JobChange) => void) | undefined) {
    this.#store = store;
    this.#onChange = onChange;
  }

  counts(): JobCounts {
    return this.#counts.get();
  }

  async reloadCounts(): Promise<void> {
    this.#counts.set(await this.#store.counts());
  }

  async add(job: Job): Promise<void> {
    await this.#store.add(job);
    this.#changed(null, job, job.createdAt, Buffer.byteLength(job.requestJson));
  }

  async start(job: Job, at: number): Promise<Job | null> {
    if (!(await this.#store.start(job.id, at))) return null;
    return this.#changed(job, { ...job, status: 'running', attempts: job.attempts + 1, startedAt: at, notBefore: null }, at, 0);
  }

  /** `current` is asked afterwards: another change may have been on its way when this one was called. */
  async finish(current: () => Job, outcome: JobOutcome): Promise<Job | null> {
    if (!(await this.#store.finish(current().id, outcome))) return null;
    const job = current();
    const ended: Job = {
      ...job,
      status: outcome.status,
      resultJson: outcome.resultJson ?? null,
      error: outcome.error ?? null,
      selectedModel: outcome.selectedModel ?? job.selectedModel,
      finishedAt: outcome.finishedAt,
      expiresAt: outcome.expiresAt,
    };
    return this.#changed(job, ended, outcome.finishedAt, Buffer.byteLength(outcome.resultJson ?? ''));
  }

  /** Error null: its start was cut short on purpose and does not count. */
  async requeue(job: Job, at: number, notBefore: number, error: JobError | null): Promise<Job | null> {
    if (!(await this.#store.requeue(job.id, notBefore, error))) return null;
    return this.#changed(job, { ...job, status: 'queued', startedAt: null, notBefore, error: error ?? job.error, attempts: error ? job.attempts : job.attempts - 1 }, at, 0);
  }

  #changed(from: Job | null, to: Job, at: number, bytesMore: number): Job {
    this.#counts.move(from, to, bytesMore);
    this.#onChange?.({ id: to.id, status: to.status, selectedModel: to.selectedModel, at });
    return to;
  }
}
