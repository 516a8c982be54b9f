/** The job store's rules over a Map. */
import { RouterError } from '../../core/errors.ts';
import { isFinished } from '../../core/job.ts';
import type { Job, JobError } from '../../core/job.ts';
import { countJobs } from '../count-jobs.ts';
import { chooseReleases, maxRemembered, textBytes } from '../retention.ts';
import type { JobCounts, JobLimits, JobOutcome, JobPage, JobSummary } from '../store.ts';

interface Row {
  job: Job;
  /** Request and result are still here. */
  kept: boolean;
  bytes: number;
}

/** Synchronous; see `JobStore` for what each call promises. */
export class MemoryJobs {
  readonly #rows = new Map<string, Row>();

  add(job: Job): void {
    if (this.#rows.has(job.id)) throw new RouterError('conflict', `There is a job with the id ${job.id} already.`);
    this.#rows.set(job.id, { job, kept: true, bytes: textBytes(job.requestJson) + textBytes(job.resultJson) });
  }

  get(id: string): Job | null {
    return this.#rows.get(id)?.job ?? null;
  }

  list(page: JobPage): JobSummary[] {
    const jobs = [...this.#rows.values()].map((row) => row.job).filter((job) => isOn(page, job));
    jobs.sort((a, b) => -byAge(a, b));
    const before = page.before === undefined ? null : this.get(page.before);
    if (page.before !== undefined && before === null) return [];
    const rest = before === null ? jobs : jobs.filter((job) => byAge(job, before) < 0);
    return rest.slice(0, page.limit).map(summaryOf);
  }

  start(id: string, at: number): boolean {
    const row = this.#rows.get(id);
    if (row?.job.status !== 'queued') return false;
    row.job = { ...row.job, status: 'running', attempts: row.job.attempts + 1, startedAt: at, notBefore: null };
    return true;
  }

  finish(id: string, outcome: JobOutcome): boolean {
    const row = this.#rows.get(id);
    if (!row || isFinished(row.job.status)) return false;
    row.job = {
      ...row.job,
      status: outcome.status,
      resultJson: outcome.resultJson ?? null,
      error: outcome.error ?? null,
      selectedModel: outcome.selectedModel ?? row.job.selectedModel,
      finishedAt: outcome.finishedAt,
      expiresAt: outcome.expiresAt,
      notBefore: null,
    };
    row.bytes += textBytes(outcome.resultJson);
    return true;
  }

  requeue(id: string, notBefore: number, error: JobError | null): boolean {
    const row = this.#rows.get(id);
    if (row?.job.status !== 'running') return false;
    const { job } = row;
    row.job = { ...job, status: 'queued', startedAt: null, notBefore, error: error ?? job.error, attempts: error ? job.attempts : job.attempts - 1 };
    return true;
  }

  recover(): Job[] {
    for (const row of this.#rows.values()) {
      if (row.job.status !== 'running') continue;
      row.job = { ...row.job, status: 'queued', startedAt: null, crashes: (row.job.crashes ?? 0) + 1 };
    }
    return [...this.#rows.values()].map((row) => row.job).filter((job) => job.status === 'queued').sort(byAge);
  }

  sweep(now: number, limits: JobLimits): number {
    const rows = [...this.#rows.values()];
    const finished = rows.filter((row) => row.kept && isFinished(row.job.status)).sort((a, b) => byEnd(a.job, b.job));
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
    const releases = chooseReleases(finished.map((row) => ({ key: row, bytes: row.bytes, expiresAt: row.job.expiresAt ?? now })), bytes, now, limits);
    for (const row of releases) release(row, now);
    this.#forget(now, limits);
    return releases.length;
  }

  counts(): JobCounts {
    return countJobs([...this.#rows.values()].map(({ job, bytes }) => ({ model: job.selectedModel, status: job.status, count: 1, bytes })));
  }

  #forget(now: number, limits: JobLimits): void {
    const remembered = [...this.#rows.values()].filter((row) => !row.kept).map((row) => row.job);
    remembered.sort((a, b) => (b.expiresAt ?? 0) - (a.expiresAt ?? 0) || (a.id < b.id ? 1 : -1));
    remembered.forEach((job, index) => {
      if (index >= maxRemembered(limits) || (job.expiresAt ?? 0) + limits.rememberMs <= now) this.#rows.delete(job.id);
    });
  }
}

function release(row: Row, now: number): void {
  const { job } = row;
  row.job = { ...job, status: job.status === 'cancelled' ? 'cancelled' : 'expired', requestJson: '', resultJson: null, expiresAt: Math.min(job.expiresAt ?? now, now) };
  row.kept = false;
  row.bytes = 0;
}

function isOn({ principalId, plane, user }: JobPage, job: Job): boolean {
  if (principalId !== undefined && job.principalId !== principalId) return false;
  if (plane !== undefined && (job.plane ?? 'standalone') !== plane) return false;
  return user === undefined || job.user === user;
}

function byAge(a: Job, b: Job): number {
  return a.createdAt - b.createdAt || compareIds(a, b);
}

function byEnd(a: Job, b: Job): number {
  return (a.finishedAt ?? 0) - (b.finishedAt ?? 0) || compareIds(a, b);
}

function compareIds(a: Job, b: Job): number {
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

function summaryOf(job: Job): JobSummary {
  const { requestJson: _request, resultJson: _result, ...summary } = job;
  return summary;
}
