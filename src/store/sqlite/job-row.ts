/** Between a row of the jobs table and a Job. */
import type { Job, JobStatus } from '../../core/job.ts';
import type { Plane } from '../../core/principal.ts';
import type { Priority } from '../../core/request.ts';
import type { JobSummary } from '../store.ts';
import type { SqlRow } from './database.ts';

/** Columns of a summary, in the order that nothing depends on. */
export const summaryColumns =
  'number, id, status, task_type, selected_model, dialect, error_code, error_message, attempts, crashes, priority, principal_id, plane, user, created_at, started_at, finished_at, not_before, expires_at';

export function summaryOf(row: SqlRow): JobSummary {
  const code = textOrNull(row['error_code']);
  const crashes = Number(row['crashes']);
  const plane = textOrNull(row['plane']);
  return {
    id: text(row['id']),
    status: text(row['status']) as JobStatus,
    taskType: text(row['task_type']),
    selectedModel: text(row['selected_model']),
    dialect: text(row['dialect']),
    error: code === null ? null : { code, message: text(row['error_message']) },
    attempts: Number(row['attempts']),
    ...(crashes > 0 ? { crashes } : {}),
    priority: text(row['priority']) as Priority,
    principalId: text(row['principal_id']),
    ...(plane === null ? {} : { plane: plane as Plane }),
    user: text(row['user']),
    createdAt: Number(row['created_at']),
    startedAt: numberOrNull(row['started_at']),
    finishedAt: numberOrNull(row['finished_at']),
    notBefore: numberOrNull(row['not_before']),
    expiresAt: numberOrNull(row['expires_at']),
  };
}

/** A row with its `request` and `result` joined in. */
export function jobOf(row: SqlRow): Job {
  return { ...summaryOf(row), requestJson: textOrNull(row['request']) ?? '', resultJson: textOrNull(row['result']) };
}

function text(value: SqlRow[string] | undefined): string {
  return typeof value === 'string' ? value : '';
}

function textOrNull(value: SqlRow[string] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOrNull(value: SqlRow[string] | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
