/** Takes requests and results of old jobs out of the file, and gives the space back to the system. */
import { chooseReleases, maxRemembered } from '../retention.ts';
import type { JobLimits } from '../store.ts';
import type { Database, SqlRow, Statement } from './database.ts';

/** 16 MB at the usual page size: enough to follow, short enough (tens of milliseconds) not to hold up the others. */
const pagesPerSweep = 4_096;

export class JobSweep {
  readonly #database: Database;
  readonly #kept: Statement;
  readonly #bytes: Statement;
  readonly #release: Statement;
  readonly #dropRequest: Statement;
  readonly #dropResult: Statement;
  readonly #forgetOld: Statement;
  readonly #forgetMany: Statement;

  constructor(database: Database) {
    this.#database = database;
    this.#kept = database.prepare('SELECT number, bytes, expires_at FROM jobs WHERE kept = 1 AND finished_at IS NOT NULL ORDER BY finished_at, id');
    this.#bytes = database.prepare('SELECT coalesce(sum(bytes), 0) AS bytes FROM jobs');
    this.#release = database.prepare(
      "UPDATE jobs SET kept = 0, bytes = 0, status = CASE status WHEN 'cancelled' THEN 'cancelled' ELSE 'expired' END, expires_at = min(expires_at, ?) WHERE number = ?",
    );
    this.#dropRequest = database.prepare('DELETE FROM job_requests WHERE job = ?');
    this.#dropResult = database.prepare('DELETE FROM job_results WHERE job = ?');
    this.#forgetOld = database.prepare('DELETE FROM jobs WHERE kept = 0 AND expires_at <= ?');
    this.#forgetMany = database.prepare('DELETE FROM jobs WHERE number IN (SELECT number FROM jobs WHERE kept = 0 ORDER BY expires_at DESC, id DESC LIMIT -1 OFFSET ?)');
  }

  /** How many jobs lost their request and result. */
  run(now: number, limits: JobLimits): number {
    const total = Number(this.#bytes.get()?.['bytes'] ?? 0);
    const releases = chooseReleases(this.#kept.all().map(keptJob), total, now, limits);
    for (const number of releases) {
      this.#release.run(now, number);
      this.#dropRequest.run(number);
      this.#dropResult.run(number);
    }
    this.#forgetOld.run(now - limits.rememberMs);
    this.#forgetMany.run(maxRemembered(limits));
    this.#database.exec(`PRAGMA incremental_vacuum(${pagesPerSweep})`);
    return releases.length;
  }
}

function keptJob(row: SqlRow): { key: number; bytes: number; expiresAt: number } {
  return { key: Number(row['number']), bytes: Number(row['bytes']), expiresAt: Number(row['expires_at']) };
}
