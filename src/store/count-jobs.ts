/** Sums rows of models and statuses into what `counts` answers. */
import type { JobStatus } from '../core/job.ts';
import type { JobCounts } from './store.ts';

export interface CountedRow {
  readonly model: string;
  readonly status: JobStatus;
  readonly count: number;
  readonly bytes: number;
}

/** Rows of the same model and status may repeat; the answer's `byModel` is sorted by model, then status. */
export function countJobs(rows: Iterable<CountedRow>): JobCounts {
  const byStatus: Record<JobStatus, number> = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, expired: 0 };
  const groups = new Map<string, { model: string; status: JobStatus; count: number }>();
  let bytes = 0;
  for (const row of rows) {
    byStatus[row.status] += row.count;
    bytes += row.bytes;
    const key = `${row.status} ${row.model}`;
    const group = groups.get(key);
    if (group) group.count += row.count;
    else groups.set(key, { model: row.model, status: row.status, count: row.count });
  }
  const byModel = [...groups.values()].sort((a, b) => compare(a.model, b.model) || compare(a.status, b.status));
  return { byStatus, byModel, bytes };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
