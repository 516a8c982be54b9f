/** One unfinished job in this process: its tries, one after the other, until it has one result. */
import type { CancelTimer, Clock } from '../core/clock.ts';
import { RouterError, toRouterError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { JobOutcome } from '../store/store.ts';
import type { Log } from '../telemetry/telemetry.ts';
import { writeDurably } from './durable-write.ts';
import type { JobLedger } from './job-ledger.ts';
import type { JobRun, RunJob } from './jobs.ts';
import { isTransient, retryDelayMs } from './retry-policy.ts';
import type { RetryPolicy } from './retry-policy.ts';

export interface ActiveJobParts {
  readonly ledger: JobLedger;
  readonly run: RunJob;
  readonly clock: Clock;
  readonly log: Log;
  readonly policy: RetryPolicy & { readonly resultTtlMs: number };
  /** Aborted when nothing is waited for any more, not even the store. */
  readonly givenUp: AbortSignal;
  /** Called once, when this process has nothing more to do for the job. */
  readonly over: (job: ActiveJob) => void;
}

const longestMessage = 4_000;

export class ActiveJob {
  readonly #parts: ActiveJobParts;
  readonly #abort = new AbortController();
  #job: Job;
  /** Cancelled: its end is written already. Interrupted: it stays for the next start of the router. */
  #leaving: 'cancelled' | 'interrupted' | null = null;
  #cancelTimer: CancelTimer | null = null;
  #start: Promise<boolean> | null = null;
  #settled: Promise<void> = Promise.resolve();

  constructor(job: Job, parts: ActiveJobParts) {
    this.#job = job;
    this.#parts = parts;
  }

  get job(): Job {
    return this.#job;
  }

  /** Resolves when the present try, if there is one, has ended and is written. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  /** Begins the next try, when its time has come. */
  begin(): void {
    const waitMs = (this.#job.notBefore ?? 0) - this.#parts.clock.now();
    if (waitMs <= 0) this.#settled = this.#try();
    else this.#cancelTimer = this.#parts.clock.after(waitMs, () => {
      this.#settled = this.#try();
    });
  }

  /** Ends it after the store has been told that it is cancelled. */
  cancelled(): void {
    this.#leave('cancelled', new RouterError('cancelled', 'The job was cancelled.'));
  }

  /** Ends the present try; the job is queued again for the next start of the router. */
  interrupt(): void {
    this.#leave('interrupted', new RouterError('shutting_down', 'The router is stopping.'));
  }

  /** For a try that does not end: queues the job again without it. Rejects as the store does. */
  async putBack(): Promise<void> {
    if (this.#job.status !== 'running') return;
    this.#job = (await this.#parts.ledger.requeue(this.#job, this.#parts.clock.now(), 0, null)) ?? this.#job;
  }

  #leave(how: 'cancelled' | 'interrupted', reason: RouterError): void {
    this.#leaving ??= how;
    this.#cancelTimer?.();
    this.#abort.abort(reason);
    // Without a try under way nobody else would say so.
    if (this.#cancelTimer) this.#parts.over(this);
  }

  async #try(): Promise<void> {
    this.#cancelTimer = null;
    this.#start = null;
    const run = await this.#runOnce();
    let again = false;
    try {
      again = await this.#conclude(run);
    } catch (thrown) {
      this.#parts.log.error({ jobId: this.#job.id, err: thrown }, 'the end of a job could not be written');
    }
    if (again && this.#leaving === null) this.begin();
    else this.#parts.over(this);
  }

  async #runOnce(): Promise<JobRun> {
    try {
      return await this.#parts.run(this.#job, this.#abort.signal, () => (this.#start ??= this.#started()));
    } catch (thrown) {
      return { kind: 'failed', error: toRouterError(thrown) };
    }
  }

  async #started(): Promise<boolean> {
    if (this.#leaving !== null) return false;
    const started = await this.#parts.ledger.start(this.#job, this.#parts.clock.now());
    this.#job = started ?? this.#job;
    return started !== null && this.#leaving === null;
  }

  /** Writes how a try ended. Is there another? */
  async #conclude(run: JobRun): Promise<boolean> {
    if (this.#leaving === 'cancelled') return false;
    if (run.kind === 'succeeded') return this.#finish({ status: 'succeeded', resultJson: run.resultJson, selectedModel: run.servedModel });
    if (this.#leaving === 'interrupted' || run.error.code === 'shutting_down') {
      await this.putBack();
      return false;
    }
    if (!isTransient(run.error)) return this.#fail(run.error);
    return this.#tryAgain(run.error);
  }

  async #tryAgain(error: RouterError): Promise<boolean> {
    const { clock, ledger, log, policy } = this.#parts;
    if (this.#job.status === 'queued') {
      // It failed before it had a slot: that counts as a try as well, or it would be tried for ever.
      const started = await this.#durably(() => ledger.start(this.#job, clock.now()));
      if (!started) return false;
      this.#job = started;
    }
    const failures = this.#job.attempts - (this.#job.crashes ?? 0);
    if (failures >= policy.maxAttempts) return this.#fail(error);
    const waitMs = retryDelayMs(failures, error, policy);
    const now = clock.now();
    const requeued = await this.#durably(() => ledger.requeue(this.#job, now, now + waitMs, jobError(error)));
    if (!requeued) return false;
    this.#job = requeued;
    log.info({ jobId: requeued.id, error: error.code, attempts: requeued.attempts, waitMs }, 'a job failed and will be tried again');
    return true;
  }

  #fail(error: RouterError): Promise<boolean> {
    return this.#finish({ status: 'failed', error: jobError(error) });
  }

  async #finish(ending: Pick<JobOutcome, 'status' | 'resultJson' | 'error' | 'selectedModel'>): Promise<boolean> {
    const finishedAt = this.#parts.clock.now();
    const outcome = { ...ending, finishedAt, expiresAt: finishedAt + this.#parts.policy.resultTtlMs };
    this.#job = (await this.#durably(() => this.#parts.ledger.finish(() => this.#job, outcome))) ?? this.#job;
    return false;
  }

  #durably<T>(write: () => Promise<T>): Promise<T> {
    return writeDurably(write, this.#parts.clock, this.#parts.givenUp, this.#parts.log, { jobId: this.#job.id });
  }
}

/** Message and code alone: what a caller may see of a failure. */
function jobError(error: RouterError): { code: string; message: string } {
  return { code: error.code, message: error.message.slice(0, longestMessage) };
}
