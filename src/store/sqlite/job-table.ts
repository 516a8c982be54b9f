/** The job store's calls as SQL, each inside a transaction of the caller. */
import type { Job, JobError, JobStatus } from '../../core/job.ts';
import { countJobs } from '../count-jobs.ts';
import { textBytes } from '../retention.ts';
import type { JobCounts, JobLimits, JobOutcome, JobPage, JobSummary } from '../store.ts';
import type { JobCalls } from '../store-calls.ts';
import type { Database, SqlRow, SqlValue } from './database.ts';
import { jobOf, summaryColumns, summaryOf } from './job-row.ts';
import { JobSweep } from './job-sweep.ts';
import { Statements } from './statements.ts';

const wholeJobs = `SELECT ${summaryColumns}, job_requests.body AS request, job_results.body AS result
  FROM jobs LEFT JOIN job_requests ON job_requests.job = number LEFT JOIN job_results ON job_results.job = number`;

/** Every call throws SQLite's own error. */
export class JobTable implements JobCalls {
  readonly #statements: Statements;
  readonly #sweep: JobSweep;

  constructor(database: Database) {
    this.#statements = new Statements(database);
    this.#sweep = new JobSweep(database);
  }

  add(job: Job): void {
    this.#run(
      `INSERT INTO jobs (id, status, kept, bytes, task_type, selected_model, dialect, error_code, error_message, attempts, crashes, priority, principal_id, plane, user, created_at, started_at, finished_at, not_before, expires_at)
       VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      job.id, job.status, textBytes(job.requestJson) + textBytes(job.resultJson), job.taskType, job.selectedModel, job.dialect,
      job.error?.code ?? null, job.error?.message ?? null, job.attempts, job.crashes ?? 0, job.priority, job.principalId, job.plane ?? null, job.user,
      job.createdAt, job.startedAt, job.finishedAt, job.notBefore, job.expiresAt,
    );
    this.#run('INSERT INTO job_requests (job, body) SELECT number, ? FROM jobs WHERE id = ?', job.requestJson, job.id);
    if (job.resultJson !== null) this.#addResult(job.id, job.resultJson);
  }

  get(id: string): Job | null {
    const row = this.#statements.get(`${wholeJobs} WHERE id = ?`, id);
    return row ? jobOf(row) : null;
  }

  list(page: JobPage): JobSummary[] {
    const conditions: string[] = [];
    const values: SqlValue[] = [];
    const only = (condition: string, value: string | undefined): void => {
      if (value === undefined) return;
      conditions.push(condition);
      values.push(value);
    };
    only('principal_id = ?', page.principalId);
    only("coalesce(plane, 'standalone') = ?", page.plane);
    only('user = ?', page.user);
    only('(created_at, id) < (SELECT created_at, id FROM jobs WHERE id = ?)', page.before);
    const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
    return this.#statements.all(`SELECT ${summaryColumns} FROM jobs ${where} ORDER BY created_at DESC, id DESC LIMIT ?`, ...values, page.limit).map(summaryOf);
  }

  start(id: string, at: number): boolean {
    return this.#run("UPDATE jobs SET status = 'running', attempts = attempts + 1, started_at = ?, not_before = NULL WHERE id = ? AND status = 'queued'", at, id);
  }

  finish(id: string, outcome: JobOutcome): boolean {
    const changed = this.#run(
      `UPDATE jobs SET status = ?, error_code = ?, error_message = ?, selected_model = coalesce(?, selected_model), finished_at = ?, expires_at = ?, not_before = NULL, bytes = bytes + ?
       WHERE id = ? AND status IN ('queued', 'running')`,
      outcome.status, outcome.error?.code ?? null, outcome.error?.message ?? null, outcome.selectedModel ?? null, outcome.finishedAt, outcome.expiresAt,
      textBytes(outcome.resultJson), id,
    );
    if (changed && outcome.resultJson !== undefined) this.#addResult(id, outcome.resultJson);
    return changed;
  }

  requeue(id: string, notBefore: number, error: JobError | null): boolean {
    return this.#run(
      `UPDATE jobs SET status = 'queued', started_at = NULL, not_before = ?, error_code = coalesce(?, error_code), error_message = coalesce(?, error_message), attempts = attempts - ?
       WHERE id = ? AND status = 'running'`,
      notBefore, error?.code ?? null, error?.message ?? null, error ? 0 : 1, id,
    );
  }

  recover(): Job[] {
    this.#run("UPDATE jobs SET status = 'queued', started_at = NULL, crashes = crashes + 1 WHERE status = 'running'");
    return this.#statements.all(`${wholeJobs} WHERE status = 'queued' ORDER BY created_at, id`).map(jobOf);
  }

  sweep(now: number, limits: JobLimits): number {
    return this.#sweep.run(now, limits);
  }

  counts(): JobCounts {
    const rows = this.#statements.all('SELECT status, selected_model, count(*) AS jobs, sum(bytes) AS bytes FROM jobs GROUP BY status, selected_model');
    return countJobs(rows.map(countedRow));
  }

  #addResult(id: string, resultJson: string): void {
    this.#run('INSERT INTO job_results (job, body) SELECT number, ? FROM jobs WHERE id = ?', resultJson, id);
  }

  /** Did it change a row? */
  #run(sql: string, ...values: SqlValue[]): boolean {
    return this.#statements.run(sql, ...values) > 0;
  }
}

function countedRow(row: SqlRow): { model: string; status: JobStatus; count: number; bytes: number } {
  return { model: String(row['selected_model']), status: String(row['status']) as JobStatus, count: Number(row['jobs']), bytes: Number(row['bytes']) };
}
